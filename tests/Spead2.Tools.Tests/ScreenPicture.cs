// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Security;
using System.Text;
using System.Text.RegularExpressions;

namespace Spead2.Tools.Tests;

/// <summary>A screen that tmux captured with its colours, as an SVG.</summary>
internal static partial class ScreenPicture
{
    private const int CharacterWidth = 8;
    private const int LineHeight = 18;
    private const int Margin = 12;
    private const int Columns = 80;

    private static readonly Dictionary<string, string> Colours = new()
    {
        // The colours of Tone, of 8 as live screens have them, and of 256.
        ["31"] = "#e06c75",
        ["32"] = "#98c379",
        ["33"] = "#e5c07b",
        ["38;5;9"] = "#e06c75",
        ["38;5;2"] = "#98c379",
        ["38;5;11"] = "#e5c07b",
    };

    public static string Of(string screen, string title)
    {
        string[] lines = screen.TrimEnd().Split('\n');
        int width = (Columns * CharacterWidth) + (2 * Margin);
        int height = (lines.Length * LineHeight) + (2 * Margin);
        StringBuilder svg = new();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"13\" role=\"img\" ")
            .Append(CultureInfo.InvariantCulture, $"aria-label=\"{title}\">\n<rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"#1e2127\"/>\n");
        string colour = "#dcdfe4";
        for (int line = 0; line < lines.Length; line++)
        {
            int column = 0;
            foreach (Match part in Part().Matches(lines[line]))
            {
                if (part.Groups["code"].Success)
                {
                    colour = Colours.GetValueOrDefault(part.Groups["code"].Value, "#dcdfe4");
                    continue;
                }

                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<text x=\"{Margin + (column * CharacterWidth)}\" y=\"{Margin + ((line + 1) * LineHeight) - 5}\" fill=\"{colour}\" ")
                    .Append(
                        CultureInfo.InvariantCulture,
                        $"textLength=\"{part.Length * CharacterWidth}\" xml:space=\"preserve\">{SecurityElement.Escape(part.Value)}</text>\n");
                column += part.Length;
            }
        }

        return svg.Append("</svg>\n").ToString();
    }

    // A change of colour, or text up to the next one.
    [GeneratedRegex("\u001b\\[(?<code>[0-9;]*)m|[^\u001b]+")]
    private static partial Regex Part();
}
