// SPDX-License-Identifier: MIT

using System.Globalization;
using ScottPlot;
using ScottPlot.Plottables;

namespace Spead2.Benchmarks.Report;

/// <summary>
/// Lines over a logarithmic axis, drawn by ScottPlot as SVG, with bars for the spread. Lines differ in colour (also for the
/// colour-blind) and marker.
/// </summary>
internal static class LineChart
{
    private const int Width = 760;
    private const int Height = 420;
    private const string Font = "DejaVu Sans";
    private const float TitleSize = 15;
    private const float TextSize = 13;
    private const int LineWidth = 2;
    private const int MarkerSize = 8;
    private const float CapSize = 3;

    // Of the vertical axis, above the highest value.
    private const double Headroom = 1.08;

    private static readonly Color[] Colors = [new("#6e7781"), new("#0969da"), new("#bc4c00")];
    private static readonly MarkerShape[] Markers =
        [MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledTriangleUp];

    /// <summary>Draws a chart into a file.</summary>
    /// <param name="file">The SVG file.</param>
    /// <param name="title">What it shows.</param>
    /// <param name="xLabel">What the horizontal axis is, with its unit.</param>
    /// <param name="yLabel">What the vertical axis is, with its unit; it begins at 0.</param>
    /// <param name="xText">How a place on the horizontal axis is written.</param>
    /// <param name="series">The lines, at most three.</param>
    public static void Save(
        string file,
        string title,
        string xLabel,
        string yLabel,
        Func<double, string> xText,
        IReadOnlyList<ChartSeries> series)
    {
        using Plot plot = new();
        plot.Font.Set(Font);
        plot.Title(title, TitleSize);
        plot.XLabel(xLabel, TextSize);
        plot.YLabel(yLabel, TextSize);
        plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Left.Label.Bold = false;
        foreach (ChartSeries line in series)
        {
            Add(plot, line);
        }

        double[] xs = [.. series.SelectMany(line => line.Points).Select(point => point.X).Distinct().Order()];
        plot.Axes.Bottom.SetTicks([.. xs.Select(Math.Log2)], [.. xs.Select(xText)]);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
        {
            LabelFormatter = value => value.ToString("0.###", CultureInfo.InvariantCulture),
        };
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Axes.SetLimitsY(0, Headroom * series.SelectMany(line => line.Points).Max(point => point.Y.Most));
        plot.ShowLegend(Edge.Top).Legend.Orientation = Orientation.Horizontal;
        plot.SaveSvg(file, Width, Height);
    }

    private static void Add(Plot plot, ChartSeries line)
    {
        double[] xs = [.. line.Points.Select(point => Math.Log2(point.X))];
        double[] medians = [.. line.Points.Select(point => point.Y.Median)];
        Scatter scatter = plot.Add.Scatter(xs, medians, Colors[line.Style]);
        scatter.LegendText = line.Name;
        scatter.LineWidth = LineWidth;
        scatter.MarkerShape = Markers[line.Style];
        scatter.MarkerSize = MarkerSize;
        double[] none = new double[xs.Length];
        plot.Add.Plottable(new ErrorBar(
            xs,
            medians,
            xErrorsPositive: none,
            xErrorsNegative: none,
            yErrorsPositive: [.. line.Points.Select(point => point.Y.Most - point.Y.Median)],
            yErrorsNegative: [.. line.Points.Select(point => point.Y.Median - point.Y.Least)])
        {
            Color = Colors[line.Style],
            CapSize = CapSize,
        });
    }
}
