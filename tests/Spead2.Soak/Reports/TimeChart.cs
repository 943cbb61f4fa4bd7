// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Text;

namespace Spead2.Soak.Reports;

/// <summary>Draws lines over time as SVG, each in a panel of its own, from 0 to its largest value.</summary>
internal static class TimeChart
{
    private const int Width = 760;
    private const int PanelHeight = 150;
    private const int Left = 80;
    private const int Right = 24;
    private const int Top = 44;
    private const int PanelTop = 36;
    private const int Bottom = 40;

    /// <summary>Draws a chart.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="panels">What the lines are, with their unit, and their points: seconds and values.</param>
    public static string Draw(string title, params (string Name, IReadOnlyList<(double X, double Y)> Points)[] panels)
    {
        int height = Top + (panels.Length * (PanelTop + PanelHeight)) + Bottom;
        double end = Math.Max(1, panels.SelectMany(panel => panel.Points).Max(point => point.X));
        StringBuilder svg = new();
        svg.AppendLine(Invariant(
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" role="img">"""));
        svg.AppendLine(
            """
            <style>
            text { font: 13px sans-serif; fill: #24292f; }
            .title { font-size: 16px; font-weight: bold; }
            .page { fill: #ffffff; }
            .axis { stroke: #6e7781; }
            .line { fill: none; stroke: #0969da; stroke-width: 1.5; }
            @media (prefers-color-scheme: dark) {
            text { fill: #e6edf3; }
            .page { fill: #0d1117; }
            .line { stroke: #58a6ff; }
            }
            </style>
            """);
        svg.AppendLine(Invariant($"""<rect width="{Width}" height="{height}" class="page"/>"""));
        svg.AppendLine(Invariant($"""<text x="{Left}" y="26" class="title">{WebUtility.HtmlEncode(title)}</text>"""));
        for (int i = 0; i < panels.Length; i++)
        {
            DrawPanel(svg, Top + PanelTop + (i * (PanelTop + PanelHeight)), end, panels[i].Name, panels[i].Points);
        }

        svg.AppendLine(Invariant(
            $"""<text x="{Width - Right}" y="{height - 14}" text-anchor="end">{end:0} s</text>"""));
        return svg.AppendLine("</svg>").ToString();
    }

    private static void DrawPanel(
        StringBuilder svg, int top, double end, string name, IReadOnlyList<(double X, double Y)> points)
    {
        double most = Math.Max(double.Epsilon, points.Max(point => point.Y));
        int bottom = top + PanelHeight;
        svg.AppendLine(Invariant($"""<text x="{Left}" y="{top - 10}">{WebUtility.HtmlEncode(name)}</text>"""));
        svg.AppendLine(Invariant($"""<text x="{Left - 8}" y="{top + 5}" text-anchor="end">{most:0.#}</text>"""));
        svg.AppendLine(Invariant($"""<text x="{Left - 8}" y="{bottom + 5}" text-anchor="end">0</text>"""));
        svg.AppendLine(Invariant(
            $"""<path class="axis" fill="none" d="M{Left} {top}V{bottom}H{Width - Right}"/>"""));
        string line = string.Join(' ', points.Select(point => Invariant(
            $"{Left + (point.X / end * (Width - Right - Left)):0.#},{bottom - (point.Y / most * PanelHeight):0.#}")));
        svg.AppendLine(Invariant($"""<polyline class="line" points="{line}"/>"""));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
