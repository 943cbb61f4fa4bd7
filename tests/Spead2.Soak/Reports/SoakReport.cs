// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using System.Text.Json;
using Spead2.Soak.Resources;
using Spead2.Tools.Output;
using Spectre.Console;

namespace Spead2.Soak.Reports;

/// <summary>A soak on one page: for people on the terminal, as Markdown with a plot, and for programs.</summary>
internal static class SoakReport
{
    private const int PlotColumns = 72;
    private const double Mebi = 1 << 20;

    /// <summary>One sentence.</summary>
    public static string Verdict(SoakResult result) =>
        result.Holds
            ? $"{Readable.Number(result.Identities[0].Left)} datagrams, "
                + $"{Readable.Number(result.Unexplained)} unexplained; what is in use has not grown."
            : "Something does not hold: see above.";

    /// <summary>Prints it.</summary>
    public static void Show(IAnsiConsole console, SoakResult result)
    {
        console.Write(new Rule(Title(result)).LeftJustified());
        foreach ((string title, IEnumerable<(string Name, string Value)> rows) in Tables(result))
        {
            Table table = new Table().Title(title).RoundedBorder().HideHeaders()
                .AddColumn("what").AddColumn(new TableColumn("how many").RightAligned());
            foreach ((string name, string value) in rows)
            {
                table.AddRow(Markup.Escape(name), Markup.Escape(value));
            }

            console.Write(table);
        }

        foreach (ChartPanel panel in Panels(result))
        {
            ChartLine line = panel.Lines[0];
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{panel.Name}: {line.Name}, at most {line.Points.Max(point => point.Y):#,0.#}"));
            console.WriteLine(BarLine.Of([.. line.Points.Select(point => point.Y)], PlotColumns));
        }

        foreach (string finding in result.Findings)
        {
            console.MarkupLineInterpolated($"[red]{finding}[/]");
        }

        console.WriteLine(Verdict(result));
    }

    /// <summary>Writes it as Markdown, with its plot beside it.</summary>
    /// <returns>The file.</returns>
    public static string Save(SoakResult result, string folder)
    {
        Directory.CreateDirectory(folder);
        string name = $"soak-{(result.Settings.IsOfChunks ? "chunks-" : "")}{result.Settings.Engine}";
        TimeChart.Save(Path.Combine(folder, $"{name}.svg"), Title(result), [.. Panels(result)]);
        StringBuilder page = new();
        page.AppendLine(
            CultureInfo.InvariantCulture, $"# {Title(result)}\n\n{Verdict(result)}\n\n![plot]({name}.svg)\n");
        foreach ((string title, IEnumerable<(string Name, string Value)> rows) in Tables(result))
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"| {title} | |\n|---|---:|");
            foreach ((string what, string value) in rows)
            {
                page.AppendLine(CultureInfo.InvariantCulture, $"| {what} | {value} |");
            }

            page.AppendLine();
        }

        foreach (string finding in result.Findings)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"- {finding}");
        }

        string file = Path.Combine(folder, $"{name}.md");
        File.WriteAllText(file, page.ToString());
        return file;
    }

    /// <summary>Prints it as one JSON object on one line.</summary>
    public static void WriteJson(TextWriter output, SoakResult result) => output.WriteLine(JsonSerializer.Serialize(new
    {
        engine = result.Settings.Engine.Name,
        seed = result.Settings.Seed,
        seconds = result.Time.TotalSeconds,
        holds = result.Holds,
        unexplained = result.Unexplained,
        streams = result.Received.Streams,
        sent = result.Sent.ToDictionary(),
        received = result.Received.Values.ToDictionary(),
        identities = result.Identities.Select(one => new { one.Name, one.Left, one.Right, one.Difference }),
        resources = result.Flatness.Select(one => new
        {
            one.Name,
            one.First,
            one.Second,
            one.Third,
            one.LeastOfThird,
            one.Allowed,
            one.Holds,
        }),
        samples = result.Samples.Select(one => new { one.Seconds, one.IsQuiet, one.Process, heaps = one.Heaps }),
        findings = result.Findings,
    }));

    private static string Title(SoakResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"Soak of the {result.Settings.Engine} engine: {result.Time.TotalMinutes:0.0} minutes, "
        + $"{result.Received.Streams} streams, seed {result.Settings.Seed}");

    private static IEnumerable<(string Title, IEnumerable<(string Name, string Value)> Rows)> Tables(SoakResult result)
    {
        yield return ("Sent", result.Sent.Select(pair => (pair.Key, Readable.Number(pair.Value))));
        yield return (
            "Received",
            result.Received.Values.Where(pair => pair.Value != 0)
                .Select(pair => (pair.Key, Readable.Number(pair.Value)))
                .Append(("heaps of the honest sender with the right content", Readable.Number(result.Received.Right))));
        yield return (
            "Streams that ended", result.Ends.Select(pair => ($"{pair.Key}", Readable.Number(pair.Value))));
        yield return (
            "Identities",
            result.Identities.Select(one => (one.Name, one.Difference == 0
                ? $"{Readable.Number(one.Left)}, difference 0"
                : $"{Readable.Number(one.Left)} and {Readable.Number(one.Right)}: difference {one.Difference}")));
        yield return (
            "Resources where there is no stream, medians of the thirds of the time",
            result.Flatness.Select(one => (
                one.Name,
                $"{Shown(one.First)} → {Shown(one.Second)} → {Shown(one.Third)}: "
                    + (one.Allowed is null ? "not judged" : one.Holds ? "flat" : "GREW"))));
    }

    private static string Shown(long value) => value < 1024 ? Readable.Number(value) : Readable.Bytes(value);

    private static IEnumerable<ChartPanel> Panels(SoakResult result)
    {
        ResourceSample[] samples = [.. result.Samples];
        yield return new(
            "Memory, MiB",
            Line("process", sample => sample.Process.Resident / Mebi),
            Line("in use by native code", sample => sample.Process.NativeUsed / Mebi),
            Line("kept by malloc", sample => sample.Process.NativeKept / Mebi),
            Line("managed objects", sample => sample.Process.ManagedUsed / Mebi));
        yield return new("Heaps' memory, MiB", Line("in use", sample => sample.Heaps.Used / Mebi));
        yield return new("Datagrams per second", new ChartLine("received", [.. Rates(samples)]));

        ChartLine Line(string name, Func<ResourceSample, double> value) =>
            new(name, [.. samples.Select(sample => (sample.Seconds, value(sample)))]);
    }

    // Samples that follow one another at once say nothing about a rate.
    private static IEnumerable<(double X, double Y)> Rates(IReadOnlyList<ResourceSample> samples)
    {
        const double shortest = 0.5;
        ResourceSample before = default;
        yield return (0, 0);
        foreach (ResourceSample sample in samples)
        {
            if (sample.Seconds - before.Seconds >= shortest)
            {
                yield return (sample.Seconds, (sample.Received - before.Received) / (sample.Seconds - before.Seconds));
                before = sample;
            }
        }
    }
}
