// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Text;

namespace Spead2.Soak.Reports;

/// <summary>Draws lines over time as SVG, in panels one below the other that share the axis of time.</summary>
internal static class TimeChart
{
    private const int Width = 760;
    private const int PanelHeight = 150;
    private const int Left = 80;
    private const int Right = 24;
    private const int Top = 36;
    private const int PanelTop = 52;
    private const int Bottom = 48;
    private const int TextHeight = 13;
    private const int LegendGap = 22;
    private const double LetterWidth = 6.6;
    private const int FewestTicks = 3;
    private const double SecondsPerMinute = 60;

    // Seconds rather than minutes are written where there are not more of them.
    private const double LongestInSeconds = 180;

    /// <summary>Draws a chart.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="panels">From the top to the bottom.</param>
    public static string Draw(string title, params ChartPanel[] panels)
    {
        int height = Top + (panels.Length * (PanelTop + PanelHeight)) + Bottom;
        double end = Math.Max(
            1, panels.SelectMany(panel => panel.Lines).SelectMany(line => line.Points).Max(point => point.X));
        StringBuilder svg = new();
        svg.Append("""<svg xmlns="http://www.w3.org/2000/svg" role="img" """);
        svg.AppendLine(Invariant($"""viewBox="0 0 {Width} {height}" width="{Width}" height="{height}">"""));
        svg.AppendLine(
            """
            <style>
            text { font: 13px sans-serif; fill: #24292f; }
            .title { font-size: 16px; font-weight: bold; }
            .page { fill: #ffffff; }
            .axis { stroke: #6e7781; fill: none; }
            .grid { stroke: #6e7781; stroke-opacity: 0.25; }
            .line { fill: none; stroke-width: 1.5; }
            .line0 { stroke: #0969da; }
            .line1 { stroke: #bc4c00; }
            .line2 { stroke: #1a7f37; }
            .line3 { stroke: #8250df; }
            @media (prefers-color-scheme: dark) {
            text { fill: #e6edf3; }
            .page { fill: #0d1117; }
            .line0 { stroke: #58a6ff; }
            .line1 { stroke: #f0883e; }
            .line2 { stroke: #3fb950; }
            .line3 { stroke: #bc8cff; }
            }
            </style>
            """);
        svg.AppendLine(Invariant($"""<rect width="{Width}" height="{height}" class="page"/>"""));
        svg.AppendLine(Invariant($"""<text x="{Left}" y="26" class="title">{WebUtility.HtmlEncode(title)}</text>"""));
        for (int i = 0; i < panels.Length; i++)
        {
            DrawPanel(svg, Top + PanelTop + (i * (PanelTop + PanelHeight)), end, panels[i]);
        }

        DrawTimes(svg, height - Bottom, end);
        return svg.AppendLine("</svg>").ToString();
    }

    private static void DrawPanel(StringBuilder svg, int top, double end, ChartPanel panel)
    {
        int bottom = top + PanelHeight;
        double most = panel.Lines.SelectMany(line => line.Points).Max(point => point.Y);
        double step = Step(most);
        double full = Math.Max(1, Math.Ceiling(most / step)) * step;
        svg.AppendLine(Invariant($"""<text x="{Left}" y="{top - 26}">{WebUtility.HtmlEncode(panel.Name)}</text>"""));
        for (double tick = 0; tick <= full + (step / 2); tick += step)
        {
            double y = bottom - (tick / full * PanelHeight);
            svg.AppendLine(Invariant($"""<path class="grid" d="M{Left} {y:0.#}H{Width - Right}"/>"""));
            svg.AppendLine(Invariant(
                $"""<text x="{Left - 8}" y="{y + 5:0.#}" text-anchor="end">{tick:#,0.##}</text>"""));
        }

        svg.AppendLine(Invariant($"""<path class="axis" d="M{Left} {top}V{bottom}H{Width - Right}"/>"""));
        double legend = Left;
        for (int i = 0; i < panel.Lines.Length; i++)
        {
            ChartLine line = panel.Lines[i];
            string points = string.Join(' ', line.Points.Select(point => Invariant(
                $"{Place(point.X, end):0.#},{bottom - (point.Y / full * PanelHeight):0.#}")));
            svg.AppendLine(Invariant($"""<polyline class="line line{i}" points="{points}"/>"""));
            if (panel.Lines.Length > 1)
            {
                svg.AppendLine(Invariant($"""<path class="line line{i}" d="M{legend:0.#} {top - 11}h16"/>"""));
                svg.AppendLine(Invariant(
                    $"""<text x="{legend + LegendGap:0.#}" y="{top - 7}">{WebUtility.HtmlEncode(line.Name)}</text>"""));
                legend += (2 * LegendGap) + (line.Name.Length * LetterWidth);
            }
        }
    }

    private static void DrawTimes(StringBuilder svg, int bottom, double end)
    {
        double unit = end > LongestInSeconds ? SecondsPerMinute : 1;
        double step = Step(end / unit);
        for (double tick = 0; tick * unit <= end; tick += step)
        {
            double x = Place(tick * unit, end);
            svg.AppendLine(Invariant($"""<path class="axis" d="M{x:0.#} {bottom}v5"/>"""));
            svg.AppendLine(Invariant(
                $"""<text x="{x:0.#}" y="{bottom + 8 + TextHeight}" text-anchor="middle">{tick:0.##}</text>"""));
        }

        double middle = Place(end / 2, end);
        int line = bottom + 12 + (2 * TextHeight);
        svg.AppendLine(Invariant(
            $"""<text x="{middle:0.#}" y="{line}" text-anchor="middle">{(unit == 1 ? "seconds" : "minutes")}</text>"""));
    }

    private static double Place(double seconds, double end) => Left + (seconds / end * (Width - Right - Left));

    // The largest of 1, 2 and 5 times a power of ten that gives enough ticks.
    private static double Step(double most)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(most, double.Epsilon))));
        double[] steps = [5 * power, 2 * power, power, power / 2, power / 5];
        return most > 0 ? steps.First(step => most / step >= FewestTicks || step == steps[^1]) : 1;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
