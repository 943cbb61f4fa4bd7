// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Items;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>`spead2 recv`.</summary>
internal sealed class Receiver(ReceiveSettings settings, Terminal terminal)
{
    private readonly HeapTally _tally = new(settings.Verify, settings.Items);

    /// <summary>Receives until the stream ends, and shows what came.</summary>
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using IReceiveReport report = settings.Json
            ? new JsonReport(terminal.Output, settings.SummaryOnly)
            : new TableReport(
                terminal,
                showHeaps: (settings.Source.IsFile || settings.Items) && !settings.SummaryOnly,
                settings.Source.IsFile,
                settings.Expect);
        settings.Source.Open();
        StreamStatistics statistics;
        using (IReceiveStream stream = settings.Engine.Open(settings.StreamOptions, new TerminalLogger(terminal)))
        {
            using var interrupt = new Interrupt(stream.Stop);
            settings.Source.AttachTo(stream, terminal);
            if (settings.Json || settings.Items || settings.Source.IsFile || !terminal.IsWatched)
            {
                ReadAll(stream, report);
            }
            else
            {
                using var live = new LiveView(stream, _tally);
                terminal.WithLive(live.Table, refresh => live.RefreshWhile(refresh, () => ReadAll(stream, report)));
            }

            stream.Stop();
            statistics = stream.Statistics;
        }

        settings.Source.ExplainEnd(statistics, terminal);
        report.Finish(_tally, statistics);
        return IsAsExpected() ? ExitCode.Success : ExitCode.Failure;
    }

    private void ReadAll(IReceiveStream stream, IReceiveReport report)
    {
        using ItemInterpreter? interpreter = settings.Items ? new(settings.ItemSettings) : null;
        while (_tally.Total != settings.Heaps)
        {
            if (!stream.TryRead(out Heap? heap))
            {
                report.Flush();
                if (!stream.TryRead(out heap, settings.Timeout))
                {
                    return;
                }
            }

            using (heap)
            {
                ItemUpdate? update = interpreter?.Read(heap);
                _tally.Add(heap, update);
                report.Add(heap, update);
            }
        }
    }

    private bool IsAsExpected() =>
        _tally.Wrong == 0 && (settings.Expect is not long expected || _tally.Complete == expected);
}
