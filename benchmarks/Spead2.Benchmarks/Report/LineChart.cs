// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Text;

namespace Spead2.Benchmarks.Report;

/// <summary>
/// Draws lines over a logarithmic axis as SVG: axes with units, a legend, bars for the spread. It follows the reader's
/// choice of a light or dark page. Lines differ in colour (also for the colour-blind), marker and dashes.
/// </summary>
internal sealed class LineChart
{
    private const int Width = 760;
    private const int Height = 420;
    private const int Left = 76;
    private const int Right = 24;
    private const int Top = 84;
    private const int Bottom = 64;
    private const int MarkerSize = 4;
    private const int LegendStep = 190;
    private const int MostTicks = 6;

    private readonly string _title;
    private readonly string _xLabel;
    private readonly string _yLabel;
    private readonly Func<double, string> _xText;
    private readonly IReadOnlyList<ChartSeries> _series;
    private readonly double[] _xs;
    private readonly double _yStep;
    private readonly double _yEnd;

    private LineChart(
        string title, string xLabel, string yLabel, Func<double, string> xText, IReadOnlyList<ChartSeries> series)
    {
        _title = title;
        _xLabel = xLabel;
        _yLabel = yLabel;
        _xText = xText;
        _series = series;
        _xs = [.. series.SelectMany(line => line.Points).Select(point => point.X).Distinct().Order()];
        double highest = series.SelectMany(line => line.Points).Max(point => point.Y.Most);
        _yStep = StepFor(highest);
        _yEnd = Math.Ceiling(highest / _yStep) * _yStep;
    }

    /// <summary>Draws a chart.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="xLabel">What the horizontal axis is, with its unit.</param>
    /// <param name="yLabel">What the vertical axis is, with its unit; it begins at 0.</param>
    /// <param name="xText">How a place on the horizontal axis is written.</param>
    /// <param name="series">The lines, at most three.</param>
    public static string Draw(
        string title, string xLabel, string yLabel, Func<double, string> xText, IReadOnlyList<ChartSeries> series) =>
        new LineChart(title, xLabel, yLabel, xText, series).Draw();

    private string Draw()
    {
        StringBuilder svg = new();
        svg.AppendLine(Invariant(
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" width="{Width}" height="{Height}" role="img">"""));
        svg.AppendLine(Invariant($"<title>{Escape(_title)}</title>"));
        svg.AppendLine(
            """
            <style>
            text { font: 13px sans-serif; fill: #24292f; }
            .title { font-size: 16px; font-weight: bold; }
            .page { fill: #ffffff; }
            .grid { stroke: #d0d7de; }
            .axis { stroke: #24292f; }
            .line { fill: none; stroke-width: 2; }
            .spread { stroke-width: 1.5; }
            .line0, .spread0 { stroke: #6e7781; } .mark0 { fill: #6e7781; }
            .line1, .spread1 { stroke: #0969da; } .mark1 { fill: #0969da; }
            .line2, .spread2 { stroke: #bc4c00; } .mark2 { fill: #bc4c00; }
            .line0 { stroke-dasharray: 6 4; }
            @media (prefers-color-scheme: dark) {
            text { fill: #e6edf3; }
            .page { fill: #0d1117; }
            .grid { stroke: #30363d; }
            .axis { stroke: #e6edf3; }
            .line0, .spread0 { stroke: #9198a1; } .mark0 { fill: #9198a1; }
            .line1, .spread1 { stroke: #58a6ff; } .mark1 { fill: #58a6ff; }
            .line2, .spread2 { stroke: #f0883e; } .mark2 { fill: #f0883e; }
            }
            </style>
            """);
        svg.AppendLine(Invariant($"""<rect width="{Width}" height="{Height}" class="page"/>"""));
        Text(svg, Left, 28, "start", _title, "title");
        DrawAxes(svg);
        for (int i = 0; i < _series.Count; i++)
        {
            DrawSeries(svg, _series[i]);
            DrawLegend(svg, i);
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private void DrawAxes(StringBuilder svg)
    {
        for (int tick = 0; tick * _yStep <= _yEnd * 1.0001; tick++)
        {
            double value = tick * _yStep;
            Line(svg, tick == 0 ? "axis" : "grid", Left, Y(value), Width - Right, Y(value));
            Text(svg, Left - 8, Y(value) + 4, "end", value.ToString("0.###", CultureInfo.InvariantCulture));
        }

        Line(svg, "axis", Left, Top, Left, Height - Bottom);
        foreach (double x in _xs)
        {
            Line(svg, "axis", X(x), Height - Bottom, X(x), Height - Bottom + 5);
            Text(svg, X(x), Height - Bottom + 20, "middle", _xText(x));
        }

        Text(svg, (Left + Width - Right) / 2.0, Height - 18, "middle", _xLabel);
        double middle = (Top + Height - Bottom) / 2.0;
        svg.AppendLine(Invariant(
            $"""<text transform="translate(22 {middle:0.#}) rotate(-90)" text-anchor="middle">{Escape(_yLabel)}</text>"""));
    }

    private void DrawSeries(StringBuilder svg, ChartSeries series)
    {
        int index = series.Style;
        string points = string.Join(' ', series.Points.Select(point => Invariant($"{X(point.X):0.#},{Y(point.Y.Median):0.#}")));
        svg.AppendLine(Invariant(
            $"""<polyline class="line line{index}" points="{points}"/>"""));
        foreach ((double x, Spread y) in series.Points)
        {
            svg.AppendLine(Invariant(
                $"""<line class="spread spread{index}" x1="{X(x):0.#}" y1="{Y(y.Least):0.#}" x2="{X(x):0.#}" y2="{Y(y.Most):0.#}"/>"""));
            DrawMarker(svg, index, X(x), Y(y.Median));
        }
    }

    private void DrawLegend(StringBuilder svg, int index)
    {
        ChartSeries series = _series[index];
        double x = Left + (index * LegendStep);
        const double y = 54;
        svg.AppendLine(Invariant(
            $"""<line class="line line{series.Style}" x1="{x:0.#}" y1="{y}" x2="{x + 34:0.#}" y2="{y}"/>"""));
        DrawMarker(svg, series.Style, x + 17, y);
        Text(svg, x + 42, y + 4, "start", series.Name);
    }

    private static void DrawMarker(StringBuilder svg, int index, double x, double y)
    {
        const int s = MarkerSize;
        string style = Invariant($"class=\"mark{index}\"");
        svg.AppendLine(index switch
        {
            0 => Invariant($"""<circle {style} cx="{x:0.#}" cy="{y:0.#}" r="{s}"/>"""),
            1 => Invariant($"""<rect {style} x="{x - s:0.#}" y="{y - s:0.#}" width="{2 * s}" height="{2 * s}"/>"""),
            _ => Invariant(
                $"""<path {style} d="M{x:0.#} {y - s - 1:0.#}l{s + 1} {2 * s}h{-2 * (s + 1)}z"/>"""),
        });
    }

    private static void Line(StringBuilder svg, string kind, double x1, double y1, double x2, double y2) =>
        svg.AppendLine(Invariant(
            $"""<line class="{kind}" x1="{x1:0.#}" y1="{y1:0.#}" x2="{x2:0.#}" y2="{y2:0.#}"/>"""));

    private static void Text(StringBuilder svg, double x, double y, string anchor, string text, string kind = "") =>
        svg.AppendLine(Invariant(
            $"""<text class="{kind}" x="{x:0.#}" y="{y:0.#}" text-anchor="{anchor}">{Escape(text)}</text>"""));

    private double X(double value)
    {
        const double inset = 30;
        double part = _xs.Length > 1 ? Math.Log(value / _xs[0]) / Math.Log(_xs[^1] / _xs[0]) : 0.5;
        return Left + inset + (part * (Width - Right - Left - (2 * inset)));
    }

    private double Y(double value) => Height - Bottom - (value / _yEnd * (Height - Bottom - Top));

    // 1, 2 or 5 times a power of ten.
    private static double StepFor(double highest)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(highest / MostTicks)));
        return power * ((double[])[1, 2, 5, 10]).First(factor => highest / (power * factor) <= MostTicks);
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
