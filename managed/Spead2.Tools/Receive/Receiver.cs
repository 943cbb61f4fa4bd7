// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Spead2.Receive;
using Spead2.Tools.Diagnosis;
using Spead2.Tools.Items;
using Spead2.Tools.Output;
using Spead2.Tools.Save;

namespace Spead2.Tools.Receive;

/// <summary>`spead2 recv`.</summary>
internal sealed class Receiver(ReceiveSettings settings, Terminal terminal)
{
    // Often enough for somebody who watches.
    private static readonly TimeSpan ProposalInterval = TimeSpan.FromMilliseconds(100);

    // How often it is looked whether packets still come.
    private static readonly TimeSpan SilenceInterval = TimeSpan.FromMilliseconds(500);

    // When nothing has arrived for so long, users want to know why.
    private static readonly TimeSpan LongSilence = TimeSpan.FromSeconds(3);

    // How long datagrams are then looked for that are on their way to somebody else.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly HeapTally _tally = new(
        settings.Verify, settings.Items, settings.Dialect?.UnpointedItemId);
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan _nextInterval = settings.Interval ?? default;
    private bool _hasProposed;
    private readonly Lock _explaining = new();
    private bool _hasExplained;
    private long _packets;
    private long _latestPacket;
    private long _undescribed;

    /// <summary>Receives until the stream ends, and shows what came.</summary>
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using IReceiveReport report = settings.Json
            ? new JsonReport(terminal.Output, settings.SummaryOnly)
            : new TableReport(
                terminal,
                showHeaps: !settings.SummaryOnly,
                settings.Source.IsFile,
                settings.Expect);
        using HeapSaver? saver = settings.Save is null ? null : new(settings.Save);
        saver?.Open();
        settings.Source.Open();
        KernelCounters before = KernelCounters.Read();
        Func<TimeSpan, IReadOnlyList<Finding>>? silence = settings.Source.WatchSilence();
        StreamStatistics statistics;
        IReadOnlyList<RefusedDatagram> refused;
        LossPeriod? period;
        var logger = new TerminalLogger(terminal, settings.Verbose ? LogLevel.Debug : LogLevel.Warning);
        using (IReceiveStream stream = settings.Engine.Open(settings, logger))
        {
            using var interrupt = new Interrupt(stream.Stop);
            using StatisticsPage? page = Publish(stream);
            settings.Source.AttachTo(stream, terminal);
            using var alarm = new Timer(_ => ExplainSilence(stream, silence), null, LongSilence, Timeout.InfiniteTimeSpan);
            if (settings.Json || settings.Items || settings.Source.IsFile || !terminal.IsWatched)
            {
                ReadAll(stream, report, saver, logger);
            }
            else
            {
                using var live = new LiveView(stream, _tally);
                terminal.WithLive(screen => live.DrawWhile(screen, () => ReadAll(stream, report, saver, logger)));
            }

            stream.Stop();
            saver?.Finish();
            statistics = stream.Statistics;
            refused = stream.RefusedDatagrams;
            period = LossPeriod.Find(stream.LossSeconds);
        }

        if (settings.ProposeDialect)
        {
            Propose();
        }

        settings.Source.ExplainEnd(statistics, terminal);

        // Where a file of packets stops being one has just been said.
        foreach (RefusedDatagram datagram in refused.Where(_ => settings.Source is not BufferSource))
        {
            terminal.Say(RefusedText.Of(datagram, settings.Source.IsBytestream));
        }

        Verdict verdict = Verdict.Of(
            _tally,
            statistics,
            settings.Source,
            settings.Expect,
            settings.StreamOptions,
            settings.Dialect?.DatagramIsHeap == true,
            period);
        ExplainKernelDrops(statistics, before);
        if (saver is not null)
        {
            new SaveReport(settings.Save!, saver, _undescribed).Show(terminal, settings.Json, statistics, _tally.Duration);
        }

        report.Finish(_tally, statistics, settings.Source.SuggestedDialect, verdict);
        if (IsSilent(statistics) && settings.Expect != 0)
        {
            Explain(silence, Look, () => true);
        }

        return saver?.Failure is null ? CodeOf(verdict) : ExitCode.Failure;
    }

    /// <summary>Lets others see how the stream is, as far as that is wanted and the system has room for it.</summary>
    private StatisticsPage? Publish(IReceiveStream stream)
    {
        if (!settings.Publish || settings.Source.IsFile || !OperatingSystem.IsLinux())
        {
            return null;
        }

        try
        {
            return StatisticsPage.Publish(stream);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            terminal.Warn($"`spead2 top` will not show this stream: {exception.Message}");
            return null;
        }
    }

    private int CodeOf(Verdict verdict) =>
        verdict.IsNothing && (settings.FailOnLoss || !settings.Source.IsFile) && settings.Expect != 0 ? ExitCode.NothingArrived
        : IsAsExpected() && !(settings.FailOnLoss && verdict.IsLoss) ? ExitCode.Success
        : ExitCode.Failure;

    /// <summary>Says after a while why packets that were to come have not.</summary>
    private void ExplainSilence(IReceiveStream stream, Func<TimeSpan, IReadOnlyList<Finding>>? silence)
    {
        if (!settings.Source.IsFile && IsSilent(stream))
        {
            string what = settings.Source.IsBytestream ? "No packet" : "Nothing";
            terminal.Say($"{what} has arrived {settings.Source.Name} for {LongSilence.TotalSeconds:0} s.");
            Explain(silence, Look, () => IsSilent(stream));
        }
    }

    /// <summary>Says what keeps packets away, once.</summary>
    private void Explain(Func<TimeSpan, IReadOnlyList<Finding>>? silence, TimeSpan look, Func<bool> isSilent)
    {
        lock (_explaining)
        {
            if (_hasExplained || silence is null)
            {
                return;
            }

            IReadOnlyList<Finding> findings = silence(look);
            if (isSilent())
            {
                _hasExplained = true;
                foreach (Finding finding in findings)
                {
                    terminal.Say($"{finding}");
                }
            }
        }
    }

    private bool IsSilent(IReceiveStream stream)
    {
        try
        {
            return IsSilent(stream.Statistics);
        }
        catch (ObjectDisposedException)
        {
            // The stream has ended just now; the verdict says whether anything has come.
            return false;
        }
    }

    /// <summary>Says why the kernel dropped messages of the stream's sockets, as far as that is known, or that it did not.</summary>
    private void ExplainKernelDrops(StreamStatistics statistics, KernelCounters before)
    {
        long messages = statistics.KernelDropMessages;
        bool isLost = statistics.HeapsMissing > statistics.HeapsLate || statistics.IncompleteHeapsEvicted > 0;
        if (messages == 0 && isLost && statistics.MaxHeapsNeeded == 0 && settings.Source is UdpSource && OperatingSystem.IsLinux())
        {
            terminal.Say(
                "The sockets dropped nothing: what is missing was lost on its way to them, or never sent. 'spead2 doctor' looks for "
                + "losses on this machine.");
        }

        KernelDrops drops = KernelCounters.Read().Explain(before, messages);
        if (messages > 0 && KernelDropsText.CureOf(drops) is { } cure)
        {
            terminal.Say($"Of {Readable.Number(messages)} messages that the kernel dropped {KernelDropsText.Of(drops)}. Cure: {cure}");
        }
    }

    private bool IsSilent(StreamStatistics now) =>
        settings.Source.IsBytestream ? now.Packets == 0 : !HasSeenAnything(now);

    private static bool HasSeenAnything(StreamStatistics now) =>
        now.Packets + now.Malformed + now.SizeMismatch + now.Truncated + now.Empty > 0;

    private void ReadAll(IReceiveStream stream, IReceiveReport report, HeapSaver? saver, ILogger logger)
    {
        // What cannot be interpreted is reported by heap.
        using ItemInterpreter? interpreter =
            settings.Items || saver is not null ? new(settings.ItemSettings, settings.Verbose ? logger : null) : null;
        while (_tally.Total != settings.Heaps)
        {
            ShowInterval(stream, report);
            if (!stream.TryRead(out Heap? heap))
            {
                report.Flush();
                if (!TryWait(stream, report, out heap))
                {
                    break;
                }
            }

            using (heap)
            {
                ItemUpdate? update = interpreter?.Read(heap);
                if (saver is not null)
                {
                    saver.Add(heap, update, interpreter!.Group);

                    // Heaps that have arrived are still counted.
                    if (saver.Failure is not null)
                    {
                        stream.Stop();
                    }
                }

                _tally.Add(heap, settings.Items ? update : null);
                report.Add(heap, settings.Items ? update : null);
            }
        }

        _undescribed = interpreter?.Group.UnknownItems ?? 0;

        report.Flush();
    }

    /// <summary>Waits for a heap; false at the end, or when none has come for as long as is waited.</summary>
    private bool TryWait(IReceiveStream stream, IReceiveReport report, [NotNullWhen(true)] out Heap? heap)
    {
        long start = Stopwatch.GetTimestamp();
        do
        {
            if (HasFallenSilent(stream))
            {
                terminal.Say($"No packet has come for {settings.Silence!.Value.TotalSeconds:0} s: what --expect waits for is not on its way.");
                heap = null;
                return false;
            }

            if (stream.TryRead(out heap, TimeToWait(Stopwatch.GetElapsedTime(start))))
            {
                return true;
            }

            if (settings.ProposeDialect)
            {
                Propose();
            }

            ShowInterval(stream, report);
        }
        while (!stream.IsCompleted
            && (settings.Timeout == Timeout.InfiniteTimeSpan || Stopwatch.GetElapsedTime(start) < settings.Timeout));
        return false;
    }

    /// <summary>Whether packets came, and none has for as long as is waited for more.</summary>
    private bool HasFallenSilent(IReceiveStream stream)
    {
        if (settings.Silence is not { } silence)
        {
            return false;
        }

        long packets = stream.Statistics.Packets;
        if (packets != _packets)
        {
            _packets = packets;
            _latestPacket = Stopwatch.GetTimestamp();
        }

        return packets > 0 && Stopwatch.GetElapsedTime(_latestPacket) > silence;
    }

    /// <summary>How long to wait for a heap before there is something else to do.</summary>
    private TimeSpan TimeToWait(TimeSpan waited)
    {
        TimeSpan[] times =
        [
            .. settings.Timeout == Timeout.InfiniteTimeSpan ? (TimeSpan[])[] : [settings.Timeout - waited],
            .. settings.ProposeDialect ? (TimeSpan[])[ProposalInterval] : [],
            .. settings.Silence is null ? (TimeSpan[])[] : [SilenceInterval],
            .. settings.Interval is null ? (TimeSpan[])[] : [_nextInterval - Stopwatch.GetElapsedTime(_start)],
        ];
        return times.Length == 0 ? Timeout.InfiniteTimeSpan
            : times.Min() is { Ticks: > 0 } time ? time
            : TimeSpan.Zero;
    }

    private void ShowInterval(IReceiveStream stream, IReceiveReport report)
    {
        if (settings.Interval is not { } interval || Stopwatch.GetElapsedTime(_start) is var now && now < _nextInterval)
        {
            return;
        }

        report.ShowInterval(_tally, stream.Statistics, now);

        // Ones that were missed, as the consumer was slow, are left out.
        _nextInterval = interval * (Math.Floor(now / interval) + 1);
    }

    /// <summary>Names the dialect of what was refused, once.</summary>
    private void Propose()
    {
        if (!_hasProposed && settings.Source.SuggestedDialect is { } dialect)
        {
            _hasProposed = true;
            terminal.Say($"Packets were refused. {LossExplanation.Advice(dialect)}");
        }
    }

    private bool IsAsExpected() =>
        _tally.Wrong == 0 && (settings.Expect is not long expected || _tally.Full - _tally.Stops == expected);
}
