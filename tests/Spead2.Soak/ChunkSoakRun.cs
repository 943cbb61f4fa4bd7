// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Chunks;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Soak.Receiving;
using Spead2.Soak.Resources;
using Spead2.Soak.Sending;
using Spead2.Tools.Receive;

namespace Spead2.Soak;

/// <summary>
/// One chunk group after the other, each with options of its own, receives from the same sockets, one for each of its streams, to
/// which senders behind a bad network send all the time. Every datagram, heap and chunk must be accounted for.
/// </summary>
internal sealed class ChunkSoakRun : IDisposable
{
    // More than any machine needs.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SampleTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private const int Streams = 3;
    private const int HeapsPerChunk = ChunkTraffic.HeapsPerChunk;
    private const int BufferSize = 1 << 20;

    private readonly SoakSettings _settings;
    private readonly Random _random;
    private readonly ReceiverSocket[] _sockets = [.. Enumerable.Range(0, Streams).Select(_ => new ReceiverSocket(BufferSize))];
    private readonly ChunkTraffic[] _senders;
    private readonly CountedMemory _memory = new();
    private readonly Sums _sums = new();
    private readonly Dictionary<StreamEnd, int> _ends = Enum.GetValues<StreamEnd>().ToDictionary(end => end, _ => 0);
    private readonly List<string> _findings = [];
    private readonly List<ResourceSample> _samples = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly long[] _received = new long[Streams];
    private TimeSpan _nextSample;
    private int _groups;
    private long _emitted;
    private long _dropped;
    private long _taken;
    private long _wrong;
    private long _present;
    private long _timeouts;

    /// <summary>Prepares sockets and senders.</summary>
    public ChunkSoakRun(SoakSettings settings)
    {
        _settings = settings;
        _random = new Random(settings.Seed);
        _senders =
        [
            .. _sockets.Select((socket, row) => new ChunkTraffic(
                socket.Port, row, settings.BytesPerSecond / Streams, _random.Next())),
        ];
    }

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <inheritdoc cref="SoakRun.Run"/>
    public SoakResult Run(Action<ResourceSample> progress, CancellationToken cancellation)
    {
        while (Elapsed < _settings.Time && !cancellation.IsCancellationRequested)
        {
            LiveOneGroup(progress, cancellation);
        }

        PauseSenders();
        long left = _sockets.Sum(socket => socket.Drain());
        long dropped = _sockets.Sum(socket => socket.CountDrops());
        long sent = _senders.Sum(sender => sender.Datagrams);
        return new SoakResult
        {
            Settings = _settings,
            Time = Elapsed,
            Sent =
            [
                new("datagrams sent", sent),
                new("bytes sent", _senders.Sum(sender => sender.Bytes)),
                new("packets lost on purpose", _senders.Sum(sender => sender.Lost)),
                new("packets repeated", _senders.Sum(sender => sender.Repeated)),
                new("packets overtaken", _senders.Sum(sender => sender.Overtaken)),
                new("datagrams that the kernel dropped", dropped),
                new("datagrams left in the sockets at the end", left),
                new("groups", _groups),
                new("chunks taken", _taken),
                new("chunks dropped by stops", _dropped),
                new("heaps in chunks taken", _present),
                new("silent streams that were not waited for", _timeouts),
            ],
            Received = _sums,
            Ends = _ends,
            Identities =
            [
                new("sent = received + dropped by the kernel + left in the sockets", sent, _sums.Received + dropped + left),
                new(
                    "packets = accepted + each reason",
                    _sums["packets"],
                    _sums["packets_accepted"] + Audit.RejectedNames.Sum(name => _sums[name])),
                new("chunks emitted = taken", _emitted, _taken),
                new("heaps with wrong content = 0", _wrong, 0),
                new("heaps rejected = 0", _sums["rejected_heaps"], 0),
                new("blocks of chunks' memory at the end = 0", _memory.Blocks, 0),
            ],
            Findings = _findings,
            Samples = _samples,
        };
    }

    public void Dispose()
    {
        Array.ForEach(_senders, sender => sender.Dispose());
        Array.ForEach(_sockets, socket => socket.Dispose());
        _memory.Dispose();
    }

    private void LiveOneGroup(Action<ResourceSample> progress, CancellationToken cancellation)
    {
        StreamEnd end = (StreamEnd)_random.Next(_ends.Count);
        ChunkGroupOptions options = NextOptions();
        PauseSenders();
        long begin = _senders.Max(sender => sender.Time);
        Array.ForEach(_senders, sender => sender.BeginAt(begin));
        long received = _sums.Received;
        using (ChunkGroupBase group = Open(options))
        {
            ReceiveStreamBase[] streams = [.. _sockets.Select((socket, row) => AddStream(group, options, end, row, socket))];
            ChunkConsumer consumer = new(group, _random.Next(4) == 0 ? TimeSpan.FromMilliseconds(2) : TimeSpan.Zero);
            Array.ForEach(_senders, sender => sender.Resume());
            TimeSpan life = _random.NextDouble() * _settings.LongestLife;
            for (TimeSpan dies = Elapsed + life; Elapsed < dies && !cancellation.IsCancellationRequested;)
            {
                Thread.Sleep(Tick);
                if (Elapsed >= _nextSample)
                {
                    long now = streams.Sum(stream => Received(stream.Statistics));
                    AddSample(received + now, isQuiet: false, progress);
                    _nextSample = Elapsed + SampleTime;
                }
            }

            End(group, streams, end);
            consumer.Join(Deadline);
            Array.ForEach(streams, stream => stream.Stop());
            Account(group, [.. streams.Select(stream => stream.Statistics)], consumer, end, options);
            Array.ForEach(streams, stream => stream.Dispose());
        }

        AddSample(_sums.Received, isQuiet: true, progress);
    }

    private ChunkGroupOptions NextOptions()
    {
        int maxChunks = _random.Next(1, 5);
        return new()
        {
            Members = Streams,
            MaxChunks = maxChunks,
            Chunks = maxChunks + _random.Next(1, 8),
            DataRingChunks = _random.Next(3),
            DataSize = Streams * HeapsPerChunk * ChunkTraffic.HeapSize,
            PresentSize = Streams * HeapsPerChunk,
            Eviction = _random.Next(2) == 0 ? ChunkEviction.Lossy : ChunkEviction.Lossless,
            MemberTimeout = TimeSpan.FromMilliseconds(_random.Next(2) == 0 ? 5 : 200),
        };
    }

    private ChunkGroupBase Open(ChunkGroupOptions options) => _settings.Engine == ReceiveEngine.Managed
        ? new ManagedChunkGroup(options, _memory)
        : new Chunks.ChunkGroup(options, _memory);

    private ReceiveStreamBase AddStream(
        ChunkGroupBase group, ChunkGroupOptions options, StreamEnd end, int row, ReceiverSocket socket)
    {
        ChunkOptions chunks = _random.Next(2) == 0
            ? new()
            {
                Layout = new()
                {
                    Axes = [new() { ItemId = ChunkTraffic.TimeItem, Count = HeapsPerChunk }, new() { ItemId = ChunkTraffic.RowItem, Count = Streams }],
                    Origin = 0,
                    HeapSize = ChunkTraffic.HeapSize,
                },
            }
            : new()
            {
                Items = [ChunkTraffic.TimeItem],
                Place = (ref ChunkPlace place) =>
                {
                    (place.ChunkId, long index) = Math.DivRem(place.Items[0], HeapsPerChunk);
                    place.HeapIndex = (index * Streams) + row;
                    place.HeapOffset = place.HeapIndex * ChunkTraffic.HeapSize;
                },
            };
        chunks.MaxChunks = _random.Next(1, options.MaxChunks + 1);
        ReceiveStreamBase stream = group.AddStream(
            chunks,
            new() { MaxHeaps = 1 << _random.Next(5), StopOnStopItem = end == StreamEnd.ByStopItem },
            NullLogger.Instance);
        stream.Add(new UdpSourceOptions { Socket = socket.Socket });
        return stream;
    }

    private void End(ChunkGroupBase group, ReceiveStreamBase[] streams, StreamEnd end)
    {
        if (end == StreamEnd.UnderFire)
        {
            group.Stop(drain: _random.Next(2) == 0);
            return;
        }

        PauseSenders();
        WaitFor(
            () => Enumerable.Range(0, Streams).All(row => HasUsedAll(row, streams[row])),
            () => $"the streams have used what was in their sockets: {group.ChunkStatistics}; {State(streams.Select(stream => stream.Statistics))}");
        foreach ((ReceiveStreamBase stream, ChunkTraffic sender) in streams.Zip(_senders))
        {
            if (end == StreamEnd.ByStopItem)
            {
                sender.SendStop();
            }
            else
            {
                stream.Stop();
            }
        }

        WaitFor(() => Array.TrueForAll(streams, stream => stream.IsCompleted), () => $"the streams have ended, {end}: {State(streams.Select(stream => stream.Statistics))}");
    }

    private void Account(
        ChunkGroupBase group, StreamStatistics[] statistics, ChunkConsumer consumer, StreamEnd end, ChunkGroupOptions options)
    {
        ChunkGroupStatistics chunks = group.ChunkStatistics;
        _groups++;
        _ends[end]++;
        _emitted += chunks.ChunksEmitted;
        _dropped += chunks.ChunksDropped;
        _taken += consumer.Taken;
        _wrong += consumer.Wrong;
        _present += consumer.Present;
        _timeouts += chunks.MemberTimeouts;
        Array.ForEach(statistics, _sums.Add);
        for (int row = 0; row < Streams; row++)
        {
            _received[row] += Received(statistics[row]);
        }

        long complete = statistics.Sum(one => one.Heaps - one.IncompleteHeapsEvicted - one.IncompleteHeapsFlushed);
        long tooOld = statistics.Sum(one => one.TooOldHeaps);
        if (consumer.Fault is { } fault)
        {
            Report(fault);
        }

        // The window may have gone ahead before a stop under fire, and no chunk has begun there.
        if (consumer.IdsSkipped > chunks.IdsSkipped || (end != StreamEnd.UnderFire && consumer.IdsSkipped != chunks.IdsSkipped))
        {
            Report($"chunks say that {consumer.IdsSkipped} identifiers were skipped, the group {chunks.IdsSkipped}");
        }

        // A stop under fire leaves heaps without a place; elsewhere each complete heap is in a chunk, or was too late for it.
        if (consumer.Present > complete || (end != StreamEnd.UnderFire && complete > consumer.Present + tooOld))
        {
            Report($"{complete} heaps are complete, but {consumer.Present} are in chunks and {tooOld} were too old; {State(statistics)}");
        }

        void Report(string what) => _findings.Add(
            $"group {_groups}, {options.Eviction}, MaxChunks {options.MaxChunks}, Chunks {options.Chunks}, which ended {end}: {what}");
    }

    private void PauseSenders() => Array.ForEach(_senders, sender => sender.Pause());

    private void AddSample(long received, bool isQuiet, Action<ResourceSample> progress)
    {
        _samples.Add(ResourceSample.Take(_settings.Engine, _start, received, isQuiet));
        progress(_samples[^1]);
    }

    /// <summary>Not only that its socket is empty: what waits for a chunk has been taken from it.</summary>
    private bool HasUsedAll(int row, ReceiveStreamBase stream) =>
        _senders[row].Datagrams == _received[row] + Received(stream.Statistics) + _sockets[row].CountDrops();

    private static long Received(StreamStatistics statistics) => Audit.ReceivedNames.Sum(name => statistics[name]);

    private static string State(IEnumerable<StreamStatistics> statistics) => string.Join(
        "; ", statistics.Select(one => string.Join(", ", one.Where(pair => pair.Value != 0).Select(pair => $"{pair.Key} {pair.Value}"))));

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
