// SPDX-License-Identifier: MIT

using System.Globalization;
using ScottPlot;
using ScottPlot.MultiplotLayouts;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace Spead2.Soak.Reports;

/// <summary>Lines over time, drawn by ScottPlot as SVG, in panels one below the other that share the axis of time.</summary>
internal static class TimeChart
{
    private const int Width = 760;
    private const int PanelHeight = 190;

    // And the legend of the first panel.
    private const int TitleHeight = 100;
    private const float LeftWidth = 84;
    private const string Font = "DejaVu Sans";
    private const float TitleSize = 15;
    private const float TextSize = 13;
    private const float LineWidth = 1.5f;
    private const double SecondsPerMinute = 60;

    // Seconds rather than minutes are written where there are not more of them.
    private const double LongestInSeconds = 180;

    // Of the vertical axes, above the highest value.
    private const double Headroom = 1.08;

    private static readonly Color[] Colors = [new("#0969da"), new("#bc4c00"), new("#1a7f37"), new("#8250df")];

    /// <summary>Draws a chart into a file.</summary>
    /// <param name="file">The SVG file.</param>
    /// <param name="title">What it shows, above the first panel.</param>
    /// <param name="panels">From the top to the bottom.</param>
    public static void Save(string file, string title, params ChartPanel[] panels)
    {
        double end = Math.Max(
            1, panels.SelectMany(panel => panel.Lines).SelectMany(line => line.Points).Max(point => point.X));
        Multiplot chart = new(PlotOf(panels[0], title, end));
        foreach (ChartPanel panel in panels[1..])
        {
            chart.Subplots.Add(PlotOf(panel, title: "", end));
        }

        int[] heights = [PanelHeight + TitleHeight, .. Enumerable.Repeat(PanelHeight, panels.Length - 1)];
        int height = heights.Sum();
        DraggableRows rows = new();
        rows.SetHeights(heights.Select(one => (float)one));
        chart.Layout = rows;
        using Stream stream = File.Create(file);
        using SKCanvas canvas = SKSvgCanvas.Create(new SKRect(0, 0, Width, height), stream);
        chart.Render(canvas, new PixelRect(0, Width, height, 0));
    }

    private static Plot PlotOf(ChartPanel panel, string title, double end)
    {
        double unit = end > LongestInSeconds ? SecondsPerMinute : 1;
        Plot plot = new();
        for (int i = 0; i < panel.Lines.Length; i++)
        {
            ChartLine line = panel.Lines[i];
            double[] xs = [.. line.Points.Select(point => point.X / unit)];
            double[] ys = [.. line.Points.Select(point => point.Y)];
            Scatter scatter = plot.Add.ScatterLine(xs, ys, Colors[i]);
            scatter.LegendText = panel.Lines.Length > 1 ? line.Name : "";
            scatter.LineWidth = LineWidth;
        }

        double most = panel.Lines.SelectMany(line => line.Points).Max(point => point.Y);
        plot.Axes.SetLimits(0, end / unit, 0, most > 0 ? Headroom * most : 1);
        plot.Axes.Left.TickGenerator = new NumericAutomatic
        {
            LabelFormatter = value => value.ToString("#,0.##", CultureInfo.InvariantCulture),
        };
        plot.Font.Set(Font);
        plot.Title(title, TitleSize);
        plot.XLabel(unit == 1 ? "seconds" : "minutes", TextSize);
        plot.YLabel(panel.Name, TextSize);
        plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Left.Label.Bold = false;
        plot.Axes.Left.MinimumSize = LeftWidth;
        plot.Axes.Left.MaximumSize = LeftWidth;
        if (panel.Lines.Length > 1)
        {
            plot.ShowLegend(Edge.Top).Legend.Orientation = Orientation.Horizontal;
        }

        return plot;
    }
}
