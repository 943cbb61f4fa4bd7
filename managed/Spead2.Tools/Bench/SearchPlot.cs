// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Xml.Linq;

namespace Spead2.Tools.Bench;

/// <summary>A picture of a search: the part of the heaps that was lost, by rate.</summary>
internal static class SearchPlot
{
    private const double Width = 640;
    private const double Height = 360;
    private const double Margin = 56;
    private const double Radius = 4;
    private const int Ticks = 5;
    private const string GoodColour = "#2a7f3f";
    private const string BadColour = "#b3261e";

    // Axes that end here where there is nothing to see.
    private const double SmallestPercent = 1;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>Writes the picture as SVG.</summary>
    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public static void Write(string path, SearchResult result)
    {
        try
        {
            Draw(result).Save(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"--plot {path} cannot be written: {e.Message}");
        }
    }

    private static XElement Draw(SearchResult result)
    {
        double mostRate = RoundUp(result.Steps.Max(step => step.Reached));
        double mostPercent = RoundUp(Math.Max(result.Steps.Max(step => step.LostPart * 100), SmallestPercent));
        XElement picture = new(
            Svg + "svg",
            Attribute("viewBox", $"0 0 {Width} {Height}"),
            new XAttribute("font-family", "sans-serif"),
            new XAttribute("font-size", "12"),
            new XElement(Svg + "rect", new XAttribute("width", "100%"), new XAttribute("height", "100%"), new XAttribute("fill", "white")));
        for (int i = 0; i <= Ticks; i++)
        {
            double part = (double)i / Ticks;
            picture.Add(
                Line(X(part), Y(0), X(part), Y(1), "#dddddd"),
                Line(X(0), Y(part), X(1), Y(part), "#dddddd"),
                Text(X(part), Y(0) + 18, "middle", Number(part * mostRate)),
                Text(X(0) - 8, Y(part) + 4, "end", Number(part * mostPercent)));
        }

        picture.Add(
            Text(Width / 2, Height - 12, "middle", "rate that was reached, Gb/s"),
            Text(X(0) - 40, Margin / 2, "start", "heaps lost, %"));
        if (result.Best is { } best)
        {
            double x = X(best.Reached / mostRate);
            picture.Add(
                Line(x, Y(0), x, Y(1), GoodColour),
                Text(x, Y(1) - 8, "middle", $"{Number(best.Reached)} Gb/s without loss"));
        }

        foreach (RateStep step in result.Steps)
        {
            picture.Add(new XElement(
                Svg + "circle",
                Attribute("cx", $"{X(step.Reached / mostRate)}"),
                Attribute("cy", $"{Y(step.LostPart * 100 / mostPercent)}"),
                Attribute("r", $"{Radius}"),
                new XAttribute("fill", step.IsLossFree ? GoodColour : BadColour),
                new XElement(Svg + "title", $"{Number(step.Reached)} Gb/s: {step.LossFree} of {step.Passes.Count} passes without loss")));
        }

        return picture;
    }

    private static double X(double part) => Margin + (part * (Width - (2 * Margin)));

    private static double Y(double part) => Height - Margin - (part * (Height - (2 * Margin)));

    private static XElement Line(double x1, double y1, double x2, double y2, string colour) => new(
        Svg + "line",
        Attribute("x1", $"{x1}"),
        Attribute("y1", $"{y1}"),
        Attribute("x2", $"{x2}"),
        Attribute("y2", $"{y2}"),
        new XAttribute("stroke", colour));

    private static XElement Text(double x, double y, string anchor, string text) => new(
        Svg + "text", Attribute("x", $"{x}"), Attribute("y", $"{y}"), new XAttribute("text-anchor", anchor), text);

    private static XAttribute Attribute(string name, FormattableString value) =>
        new(name, FormattableString.Invariant(value));

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>The next number above that people count by: 1, 2 or 5 times a power of ten.</summary>
    private static double RoundUp(double value)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return power * (value <= power ? 1 : value <= 2 * power ? 2 : value <= 5 * power ? 5 : 10);
    }
}
