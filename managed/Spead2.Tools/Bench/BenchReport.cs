// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Bench;

/// <summary>Shows a search: each pass as a line while it goes on, then a table, and the result.</summary>
internal sealed class BenchReport(BenchSettings settings, Terminal terminal)
{
    private const int BarWidth = 20;

    // The table of rates fits on a terminal of 80 columns.
    private const int RateBarWidth = 10;
    private const double NanosecondsPerMicrosecond = 1e3;

    private int _passes;

    /// <summary>Shows that a pass is done.</summary>
    public void Add(Pass pass)
    {
        _passes++;
        if (!settings.Json)
        {
            terminal.Say(FormattableString.Invariant(
                $"pass {_passes}: {Asked(pass.Asked)}, reached {pass.Sent.Rate:0.00} Gb/s, {Loss(pass.Lost, pass.Sent.Heaps)}"));
        }
    }

    /// <summary>Shows the result.</summary>
    public void Finish(SearchResult result)
    {
        if (settings.Plot is { } plot)
        {
            SearchPlot.Write(plot, result);
        }

        if (settings.Json)
        {
            WriteJson(result);
            return;
        }

        WriteSteps(result);
        if (result.Best is { } best)
        {
            WriteLatency(best);
        }

        WriteCauses(result);
        terminal.WriteLine(Verdict(result), result.Best is null ? Tone.Bad : Tone.Good);
    }

    private static string Asked(double rate) =>
        rate == 0 ? "as fast as possible" : FormattableString.Invariant($"asked for {rate:0.00} Gb/s");

    private static string Loss(long lost, long sent) =>
        lost == 0 ? $"all {Readable.Number(sent)} heaps" : $"{Readable.Number(lost)} of {Readable.Number(sent)} heaps lost";

    private static void WriteStep(Utf8JsonWriter json, RateStep step)
    {
        json.WriteStartObject();
        json.WriteNumber("asked_gigabits_per_second", step.Asked);
        json.WriteNumber("gigabits_per_second", step.Reached);
        json.WriteNumber("passes", step.Passes.Count);
        json.WriteNumber("loss_free", step.LossFree);
        json.WriteNumber("heaps", step.Passes.Sum(pass => pass.Sent.Heaps));
        json.WriteNumber("heaps_lost", step.Lost);
        json.WriteNumber("sender_cpu_seconds_per_gigabyte", step.SenderCpu);
        if (step.ReceiverCpu is { } cpu)
        {
            json.WriteNumber("receiver_cpu_seconds_per_gigabyte", cpu);
        }

        IReadOnlyList<double> latency = step.Latency();
        if (latency.Count != 0)
        {
            json.WriteStartObject("latency_nanoseconds");
            foreach ((double percent, double time) in Latencies.Percentiles.Zip(latency))
            {
                json.WriteNumber(Percentile(percent), time);
            }

            json.WriteEndObject();
        }

        json.WriteStartObject("loss");
        foreach ((string cause, long count) in step.Loss)
        {
            json.WriteNumber(cause, count);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Percentile(double percent) =>
        percent == 100 ? "max" : string.Create(CultureInfo.InvariantCulture, $"p{percent}");

    private void WriteJson(SearchResult result)
    {
        using JsonLines lines = new(terminal.Output);
        foreach (RateStep step in result.Steps)
        {
            lines.Json.WriteStartObject();
            lines.Json.WritePropertyName("step");
            WriteStep(lines.Json, step);
            lines.Json.WriteEndObject();
            lines.EndLine();
        }

        lines.Json.WriteStartObject();
        lines.Json.WriteStartObject("result");
        if (result.Best is { } best)
        {
            lines.Json.WriteNumber("gigabits_per_second", best.Reached);
        }
        else
        {
            lines.Json.WriteNull("gigabits_per_second");
        }

        lines.Json.WriteBoolean("limited_by_sender", result.IsLimitedBySender);
        lines.Json.WriteNumber("passes", settings.Passes);
        lines.Json.WriteNumber("lossy_passes_at_most", SearchResult.SureLossyPart(settings.Passes));
        lines.Json.WriteString("text", Verdict(result));
        lines.Json.WriteEndObject();
        lines.Json.WriteEndObject();
        lines.EndLine();
        lines.Flush();
    }

    private void WriteSteps(SearchResult result)
    {
        TextTable table = new TextTable("Rates that were tried (CPU: sender / receiver)")
            .AddColumn("asked", isRight: true, wraps: false)
            .AddColumn("reached", isRight: true, wraps: false)
            .AddColumn("", wraps: false)
            .AddColumn("loss-free", isRight: true, wraps: false)
            .AddColumn("lost", isRight: true, wraps: false)
            .AddColumn("CPU s/GB", isRight: true, wraps: false);
        double most = result.Steps.Max(step => step.Reached);
        foreach (RateStep step in result.Steps.OrderBy(step => step.Reached))
        {
            Tone tone = step.IsLossFree ? Tone.Good : Tone.Bad;
            table.AddRow(
                step.Asked == 0 ? "no limit" : Rate(step.Asked),
                Rate(step.Reached),
                new(new string('█', (int)Math.Ceiling(step.Reached / most * RateBarWidth)), tone),
                new($"{step.LossFree} of {step.Passes.Count}", tone),
                step.Lost == 0 ? "0" : step.LostPart.ToString("P2", CultureInfo.InvariantCulture),
                $"{Cpu(step.SenderCpu)} / {(step.ReceiverCpu is { } cpu ? Cpu(cpu) : "?")}");
        }

        terminal.Write(table);
    }

    private void WriteLatency(RateStep best)
    {
        IReadOnlyList<double> latency = best.Latency();
        if (latency.Count == 0)
        {
            return;
        }

        IReadOnlyList<long> histogram = best.LatencyHistogram();
        long most = histogram.Max();
        TextTable table = new TextTable("How late heaps were at the consumer")
            .AddColumn("below", isRight: true)
            .AddColumn("", wraps: false)
            .AddColumn("heaps", isRight: true);
        for (int i = histogram.TakeWhile(count => count == 0).Count(); i < histogram.Count; i++)
        {
            table.AddRow(
                Time(Math.Pow(2, i)),
                new string('█', (int)Math.Ceiling((double)histogram[i] / most * BarWidth)),
                Readable.Number(histogram[i]));
        }

        terminal.Write(table);
        terminal.WriteLine(string.Join(
            ", ", Latencies.Percentiles.Zip(latency).Select(pair => $"{Percentile(pair.First)} {Time(pair.Second)}"))
            + ": from when the last packet of a heap was due.");
    }

    private void WriteCauses(SearchResult result)
    {
        RateStep? lossy = result.Steps.Where(step => !step.IsLossFree).MinBy(step => step.Reached);
        if (lossy is null || lossy.Loss.Count == 0)
        {
            return;
        }

        TextTable table = new TextTable($"What was lost at {Rate(lossy.Reached)}")
            .HideHeaders()
            .AddColumn("statistic")
            .AddColumn("how many", isRight: true)
            .AddColumn("what it means");
        foreach ((string cause, long count) in lossy.Loss)
        {
            table.AddRow(cause, Readable.Number(count), LossExplanation.Of(cause) ?? "");
        }

        terminal.Write(table);
    }

    private string Verdict(SearchResult result)
    {
        if (result.Best is not { } best)
        {
            return "There was loss at every rate that was tried.";
        }

        string bound = SearchResult.SureLossyPart(settings.Passes).ToString("P0", CultureInfo.InvariantCulture);
        string runs = $"{settings.Passes} of {settings.Passes} passes without loss, so that with 95 % confidence at most {bound} of "
            + "passes lose heaps";
        return result.IsLimitedBySender
            ? $"Sustainable rate: at least {Rate(best.Reached)}, limited by the sender ({runs})."
            : $"Sustainable rate: {Rate(best.Reached)} ({runs}).";
    }

    private static string Rate(double gigabits) => gigabits.ToString("0.00", CultureInfo.InvariantCulture) + " Gb/s";

    private static string Cpu(double seconds) => seconds.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Time(double nanoseconds) =>
        (nanoseconds / NanosecondsPerMicrosecond).ToString("#,0.0", CultureInfo.InvariantCulture) + " µs";
}
