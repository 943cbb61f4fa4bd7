// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;
using Spead2.Soak.Receiving;
using Spead2.Soak.Resources;
using Spead2.Soak.Sending;

namespace Spead2.Soak;

/// <summary>
/// One stream after the other, each with options of its own, receives from the same two sockets, to which an honest
/// sender behind a bad network and a hostile one send all the time. Every datagram must be accounted for.
/// </summary>
internal sealed class SoakRun : IDisposable
{
    // More than any machine needs.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SampleTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private const int BufferSize = 1 << 20;
    private const int MaxHeapSize = (int)ReceiveStreamOptions.DefaultMaxHeapSize;
    private const int SmallMaxSize = 1472;

    private readonly SoakSettings _settings;
    private readonly Random _random;
    private readonly ReceiverSocket[] _sockets = [new(BufferSize), new(BufferSize)];
    private readonly FaultyTraffic _honest;
    private readonly HostileTraffic _hostile;
    private readonly Sums _sums = new();
    private readonly Dictionary<StreamEnd, int> _ends = Enum.GetValues<StreamEnd>().ToDictionary(end => end, _ => 0);
    private readonly List<string> _findings = [];
    private readonly List<ResourceSample> _samples = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan _nextSample;

    /// <summary>Prepares sockets and senders.</summary>
    public SoakRun(SoakSettings settings)
    {
        _settings = settings;
        _random = new Random(settings.Seed);
        _honest = new(_sockets[0].Port, settings.BytesPerSecond, _random.Next());
        _hostile = new(_sockets[1].Port, settings.HostileBytesPerSecond, _random.Next(), MaxHeapSize);
    }

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    private Traffic[] Senders => [_honest, _hostile];

    private long Sent => Senders.Sum(sender => sender.Datagrams);

    /// <summary>Runs for the time that is asked for.</summary>
    /// <param name="progress">Is told the state from time to time.</param>
    /// <param name="cancellation">Ends the run early, with the result so far.</param>
    public SoakResult Run(Action<ResourceSample> progress, CancellationToken cancellation)
    {
        while (Elapsed < _settings.Time && !cancellation.IsCancellationRequested)
        {
            LiveOneStream(progress, cancellation);
        }

        PauseSenders();
        long left = _sockets.Sum(socket => socket.Drain());
        long dropped = CountDrops();
        return new SoakResult
        {
            Settings = _settings,
            Time = Elapsed,
            Sent =
            [
                new("datagrams sent", Sent),
                new("bytes sent", Senders.Sum(sender => sender.Bytes)),
                new("datagrams of the hostile sender", _hostile.Datagrams),
                new("heaps of the honest sender", _honest.Heaps),
                new("packets lost on purpose", _honest.Lost),
                new("packets repeated", _honest.Repeated),
                new("packets overtaken", _honest.Overtaken),
                new("packets damaged", _honest.Damaged),
                new("datagrams that the kernel dropped", dropped),
                new("datagrams left in the sockets at the end", left),
            ],
            Received = _sums,
            Ends = _ends,
            Identities =
            [
                new(
                    "sent = received + dropped by the kernel + left in the sockets",
                    Sent,
                    _sums.Received + dropped + left),
                new(
                    "packets = accepted + each reason",
                    _sums["packets"],
                    _sums["packets_accepted"] + Audit.RejectedNames.Sum(name => _sums[name])),
                new(
                    "heaps = complete + incomplete",
                    _sums["heaps"],
                    _sums.Complete + _sums["incomplete_heaps_evicted"] + _sums["incomplete_heaps_flushed"]),
                new(
                    "heaps = taken + dropped because incomplete + dropped at the stop",
                    _sums["heaps"],
                    _sums.Complete + _sums.Incomplete + _sums["incomplete_heaps_dropped"]
                        + _sums["heaps_dropped_at_stop"]),
                new("heaps with wrong content = 0", _sums.Wrong, 0),
            ],
            Findings = _findings,
            Samples = _samples,
        };
    }

    public void Dispose()
    {
        Array.ForEach(Senders, sender => sender.Dispose());
        Array.ForEach(_sockets, socket => socket.Dispose());
    }

    private void LiveOneStream(Action<ResourceSample> progress, CancellationToken cancellation)
    {
        StreamEnd end = (StreamEnd)_random.Next(_ends.Count);
        ReceiveStreamOptions options = NextOptions(end);
        _honest.Mix = TrafficMix.Next(_random);
        bool isHostile = _random.Next(2) == 0;
        long received = _sums.Received;
        using (IReceiveStream stream = _settings.Engine.Open(options, NullLogger.Instance))
        {
            long droppedBefore = CountDrops();
            AddReaders(stream);
            long droppedSince = CountDrops();
            Consumer consumer = new(
                stream, _random.Next(4), _random.Next(4) == 0 ? TimeSpan.FromMilliseconds(1) : TimeSpan.Zero);
            ResumeSenders(isHostile);
            TimeSpan life = _random.NextDouble() * _settings.LongestLife;
            for (TimeSpan dies = Elapsed + life; Elapsed < dies && !cancellation.IsCancellationRequested;)
            {
                Thread.Sleep(Tick);
                SampleIfDue(stream, received, progress);
            }

            End(stream, end, consumer);
            long droppedTill = CountDrops();
            stream.Stop();
            long droppedAfter = CountDrops();
            consumer.Join(Deadline);
            StreamStatistics statistics = stream.Statistics;
            _sums.Add(statistics, consumer);
            _ends[end]++;
            foreach (Identity identity in Audit.OfStream(statistics, consumer).Where(one => one.Difference != 0))
            {
                Report(options, end, identity.ToString());
            }

            // A hostile stop item may have ended the stream before.
            long least = end == StreamEnd.ByStopItem ? 0 : droppedTill - droppedSince;
            if (statistics.KernelDropMessages < least || statistics.KernelDropMessages > droppedAfter - droppedBefore)
            {
                Report(
                    options,
                    end,
                    $"kernel_drop_messages = {statistics.KernelDropMessages}, but the sockets say from {least} "
                    + $"to {droppedAfter - droppedBefore}");
            }
        }

        AddSample(_sums.Received, isQuiet: true, progress);
    }

    private ReceiveStreamOptions NextOptions(StreamEnd end) => new()
    {
        MaxHeaps = 1 << _random.Next(7),
        RingHeaps = 1 << _random.Next(7),
        Substreams = _random.Next(1, 4),
        MaxHeapSize = MaxHeapSize,
        AllowOutOfOrder = _random.Next(4) != 0,
        AllowUnsizedHeaps = _random.Next(2) == 0,
        StopOnStopItem = end == StreamEnd.ByStopItem,
        ContiguousOnly = _random.Next(2) == 0,
        IncompleteKeepPayload = _random.Next(2) == 0,
        IncompleteKeepPayloadRanges = _random.Next(2) == 0,
    };

    private void AddReaders(IReceiveStream stream)
    {
        foreach (ReceiverSocket socket in _sockets)
        {
            stream.AddUdpReader(new UdpSourceOptions
            {
                Socket = socket.Socket,
                MaxSize = _random.Next(4) == 0 ? SmallMaxSize : UdpSourceOptions.DefaultMaxSize,
            });
        }
    }

    private void End(IReceiveStream stream, StreamEnd end, Consumer consumer)
    {
        if (end == StreamEnd.UnderFire)
        {
            return;
        }

        // A hostile stop item may have stopped the stream; then the rest waits for the next one.
        PauseSenders();
        WaitFor(
            () => stream.IsCompleted || Array.TrueForAll(_sockets, socket => socket.IsEmpty),
            () => "the sockets are empty; they are "
                + string.Join(" and ", _sockets.Select(socket => socket.IsEmpty ? "empty" : "not empty"))
                + $", the consumer ({consumer}) has taken {consumer.Complete + consumer.Incomplete} heaps, "
                + $"and statistics are {string.Join(", ", stream.Statistics)}");
        if (end == StreamEnd.ByStopItem && !stream.IsCompleted)
        {
            _honest.SendStop();
            WaitFor(() => stream.IsCompleted, () => "the stop item stops the stream");
        }
    }

    private void ResumeSenders(bool isHostile)
    {
        _honest.Resume();
        if (isHostile)
        {
            _hostile.Resume();
        }
    }

    private void PauseSenders() => Array.ForEach(Senders, sender => sender.Pause());

    private long CountDrops() => _sockets.Sum(socket => socket.CountDrops());

    private void SampleIfDue(IReceiveStream stream, long received, Action<ResourceSample> progress)
    {
        if (Elapsed >= _nextSample)
        {
            StreamStatistics now = stream.Statistics;
            AddSample(received + Audit.ReceivedNames.Sum(name => now[name]), isQuiet: false, progress);
            _nextSample = Elapsed + SampleTime;
        }
    }

    private void AddSample(long received, bool isQuiet, Action<ResourceSample> progress)
    {
        _samples.Add(ResourceSample.Take(_settings.Engine, _start, received, isQuiet));
        progress(_samples[^1]);
    }

    private void Report(ReceiveStreamOptions options, StreamEnd end, string what) => _findings.Add(
        $"stream {_sums.Streams}, which ended {end}, MaxHeaps {options.MaxHeaps}, RingHeaps {options.RingHeaps}, "
        + $"Substreams {options.Substreams}: {what}");

    private static void WaitFor(Func<bool> condition, Func<string> what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Deadline)
            {
                throw new TimeoutException($"After {Deadline.TotalSeconds} s still not: {what()}.");
            }

            Thread.Sleep(1);
        }
    }
}
