// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Spead2.Metrics;
using Spead2.Receive.Pages;

namespace Spead2.Receive;

/// <summary>
/// What the streams of both engines have in common: checking of arguments, reading, waiting and disposal. Programs use
/// <see cref="IReceiveStream"/>.
/// </summary>
/// <inheritdoc cref="IReceiveStream" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
[SuppressMessage("Naming", "CA1716", Justification = "spead2 calls it stop.")]
[DebuggerDisplay("{DebugText,nq}")]
public abstract class ReceiveStreamBase : IReceiveStream, IPublishedStream
{
    private StreamReader? _reader;
    private IReadOnlyList<CustomStatistic> _customStatistics = [];
    private int _ringLimit;
    private bool _isInOrder;
    private StreamPlace? _place;
    private List<PacketSource>? _sources;
    private int _disposed;
    private volatile bool _isStopped;

    internal ReceiveStreamBase()
    {
    }

    /// <inheritdoc/>
    public StreamStatistics Statistics
    {
        get
        {
            ThrowIfDisposed();
            return ReadStatistics();
        }
    }

    /// <inheritdoc/>
    public abstract IReadOnlyList<RefusedDatagram> RefusedDatagrams { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<LossSecond> LossSeconds { get; }

    /// <inheritdoc/>
    public bool IsCompleted
    {
        get
        {
            Enter();
            try
            {
                return HasNoMore;
            }
            finally
            {
                Exit();
            }
        }
    }

    /// <inheritdoc/>
    public ChannelReader<Heap> Reader
    {
        get
        {
            ThrowIfDisposed();
            ThrowIfNotRead();
            return LazyInitializer.EnsureInitialized(ref _reader, () => new StreamReader(this));
        }
    }

    /// <inheritdoc/>
    public abstract bool StopOnStopItem { get; set; }

    /// <inheritdoc/>
    public MemoryAllocator? MemoryAllocator
    {
        get => EngineAllocator;
        set
        {
            value?.ThrowIfDisposed();
            EngineAllocator = value;
        }
    }

    /// <inheritdoc/>
    public CopyMethod CopyMethod
    {
        get => EngineCopyMethod;
        set
        {
            if (!Enum.IsDefined(value))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(value), value, $"There is no {nameof(CopyMethod)} {(int)value}.");
            }

            EngineCopyMethod = value;
        }
    }

    /// <inheritdoc/>
    public abstract PacketCopier? PacketCopier { get; set; }

    /// <inheritdoc/>
    public nint Fd
    {
        get
        {
            ThrowIfDisposed();
            ThrowIfNotRead();
            return EngineFd;
        }
    }

    /// <summary>The waiters for heaps; null if a function takes them.</summary>
    internal abstract ReadQueue<Heap>? Queue { get; }

    /// <summary>What takes every heap instead of consumers, or null.</summary>
    internal abstract HeapFunction? HeapFunction { get; }

    /// <summary>Whether every heap is placed in a chunk, so that none can be read.</summary>
    internal virtual bool FillsChunks => false;

    /// <summary>A handle for event loops. Of a stream whose heaps are read.</summary>
    internal abstract nint EngineFd { get; }

    /// <summary>Names of the stream's statistics.</summary>
    internal abstract StatisticNames StatisticNames { get; }

    /// <summary>An allocator that has not been disposed.</summary>
    internal abstract MemoryAllocator? EngineAllocator { get; set; }

    /// <summary>A method that is defined.</summary>
    internal abstract CopyMethod EngineCopyMethod { get; set; }

    /// <summary>Ends when the stream has stopped and every heap has been read, or the stream is disposed.</summary>
    internal Task CompletionOrEnd
    {
        get
        {
            if (!TryEnter())
            {
                return Task.CompletedTask;
            }

            try
            {
                return Queue!.Completion;
            }
            finally
            {
                Exit();
            }
        }
    }

    /// <summary>Whether the stream has been disposed.</summary>
    private protected bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    private bool HasNoMore =>
        FillsChunks
            ? _isStopped || Sources.Any(source => source.State == SourceState.Ended)
            : HeapFunction?.HasEnded ?? Queue!.IsCompleted;

    private string DebugText => IsDisposed ? "disposed" : Statistics.ToString();

    /// <inheritdoc/>
    public PacketSource Add(PacketSourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        PacketSource source = options.AddTo(this);
        Keep(source);
        return source;
    }

    /// <inheritdoc cref="ReceiveStreamExtensions.AddShared"/>
    internal static IReadOnlyList<PacketSource> AddShared(IReadOnlyList<IReceiveStream> streams, UdpSourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(streams);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        ReceiveStreamBase[] members = new ReceiveStreamBase[streams.Count];
        for (int i = 0; i < members.Length; i++)
        {
            members[i] = streams[i] as ReceiveStreamBase
                ?? throw new ArgumentException($"Stream {i} is none of this library.", nameof(streams));
            members[i].CheckShared(i, members, nameof(streams));
        }

        if (members.Length is 0 or > UdpSourceOptions.MostStreams)
        {
            throw new ArgumentException(
                $"A port can be shared by 1 to {UdpSourceOptions.MostStreams} streams, but there are {members.Length}.",
                nameof(streams));
        }

        PacketSource[] sources = members[0].AddUdp(members, options);
        for (int i = 0; i < members.Length; i++)
        {
            members[i].Keep(sources[i]);
        }

        return sources;
    }

    private void CheckShared(int index, ReceiveStreamBase[] streams, string parameter)
    {
        if (GetType() != streams[0].GetType())
        {
            throw new ArgumentException($"Stream {index} is of another engine than stream 0.", parameter);
        }

        if (Array.IndexOf(streams, this) < index)
        {
            throw new ArgumentException($"Stream {index} is there twice.", parameter);
        }

        if (_isInOrder && streams.Length > 1)
        {
            throw new ArgumentException(
                $"Stream {index} was made without {nameof(ReceiveStreamOptions.AllowOutOfOrder)}, but packets that come by " +
                "different sockets have no order.",
                parameter);
        }
    }

    /// <summary>Remembers a source, where sources are.</summary>
    private void Keep(PacketSource source)
    {
        if (_sources is { } sources)
        {
            lock (sources)
            {
                sources.RemoveAll(old => old.State == SourceState.Removed);
                sources.Add(source);
            }
        }
    }

    /// <inheritdoc/>
    public abstract void Start();

    /// <inheritdoc/>
    public void UpdateStatistic(int index, long value)
    {
        ThrowIfDisposed();
        int first = StatisticNames.BuiltInCount;
        int count = StatisticNames.InOrder.Length;
        if (index < first || index >= count)
        {
            string which = count == first ? "the stream has none" : $"the stream's have indices {first} to {count - 1}";
            throw new ArgumentOutOfRangeException(
                nameof(index), index, $"Only custom statistics can be updated, and {which}.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(value);
        UpdateCustom(index - first, value);
    }

    /// <inheritdoc/>
    public void UpdateStatistic(string name, long value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ThrowIfDisposed();
        int index = StatisticNames.IndexOf(name);
        if (index < StatisticNames.BuiltInCount)
        {
            throw new ArgumentException($"The stream has no custom statistic that is called \"{name}\".", nameof(name));
        }

        UpdateStatistic(index, value);
    }

    /// <inheritdoc/>
    public bool TryRead([NotNullWhen(true)] out Heap? heap)
    {
        EnterToRead();
        try
        {
            return Queue!.TryRead(out heap) == ReadResult.Item;
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc/>
    public bool TryRead([NotNullWhen(true)] out Heap? heap, TimeSpan timeout)
    {
        if (timeout != Timeout.InfiniteTimeSpan && timeout.TotalMilliseconds is < 0 or > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeout), timeout, $"{nameof(timeout)} must be from 0 to {int.MaxValue} ms, or infinite.");
        }

        EnterToRead();
        heap = WaitAndExit(timeout, CancellationToken.None);
        return heap is not null;
    }

    /// <inheritdoc/>
    public int TryReadBatch(Span<Heap> heaps)
    {
        EnterToRead();
        try
        {
            return Queue!.TryReadBatch(heaps);
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc/>
    public Heap Read(CancellationToken cancellationToken = default)
    {
        EnterToRead();
        return WaitAndExit(Timeout.InfiniteTimeSpan, cancellationToken) ?? throw new StreamStoppedException();
    }

    /// <inheritdoc/>
    public ValueTask<Heap> ReadAsync(CancellationToken cancellationToken = default)
    {
        EnterToRead();
        return HeapOrStopped(ReadAsyncAndExit(cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<int> ReadBatchAsync(Memory<Heap> heaps, CancellationToken cancellationToken = default)
    {
        if (heaps.IsEmpty)
        {
            throw new ArgumentException("There must be room for at least one heap.", nameof(heaps));
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        int count = TryReadBatch(heaps.Span);
        return count == 0 ? WaitForBatch(heaps, cancellationToken) : ValueTask.FromResult(count);
    }

    /// <inheritdoc/>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        EnterToRead();
        return WaitToReadAndExit(cancellationToken);
    }

    /// <inheritdoc/>
    public IEnumerable<Heap> ReadAll(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        ThrowIfNotRead();
        return Enumerate(cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Heap> ReadAllAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        ThrowIfNotRead();
        return EnumerateAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Stop()
    {
        ThrowIfDisposed();
        StopEngine();
        _isStopped = true;
    }

    /// <summary>
    /// Stops the stream, ends the reads that are in flight as if it had stopped, and frees it when the last call on it
    /// has returned. Log messages are delivered before this returns, unless a logger calls it. A function that takes
    /// heaps has been told of the end before; if it is that function that calls this, it is told after it has returned.
    /// Calling it again does nothing.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        GC.SuppressFinalize(this);
        StopEngine();
        if (HeapFunction.RunsOnThisThread)
        {
            // To free the stream is to wait for the thread that receives, which this may be.
            ThreadPool.UnsafeQueueUserWorkItem(static stream => stream.EndEngine(), this, preferLocal: false);
        }
        else
        {
            EndEngine();
        }

        Queue?.Complete();
    }

    /// <summary>Does what <see cref="Dispose"/> does, without making the caller wait.</summary>
    [SuppressMessage("Usage", "CA1816", Justification = "Dispose does it.")]
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    /// <summary>Begins a use of <see cref="Queue"/>, which <see cref="Exit"/> ends; false if the stream is disposed.</summary>
    internal abstract bool TryEnter();

    /// <summary>Ends what a successful <see cref="TryEnter"/> has begun.</summary>
    internal abstract void Exit();

    /// <summary>The statistics.</summary>
    /// <exception cref="ObjectDisposedException">The engine's stream has gone.</exception>
    internal abstract StreamStatistics ReadStatistics();

    /// <summary>Adds a UDP socket, by valid options.</summary>
    internal abstract PacketSource AddUdp(UdpSourceOptions options);

    /// <summary>Adds a UDP port that the streams share, by valid options.</summary>
    /// <param name="streams">Streams of this one's engine, itself among them.</param>
    /// <param name="options">Where to receive.</param>
    internal abstract PacketSource[] AddUdp(ReceiveStreamBase[] streams, UdpSourceOptions options);

    /// <summary>Adds a TCP connection, by valid options.</summary>
    internal abstract PacketSource AddTcp(TcpSourceOptions options);

    /// <summary>Adds a capture, by valid options.</summary>
    internal abstract PacketSource AddPcap(PcapSourceOptions options);

    /// <summary>Adds packets in memory, by valid options.</summary>
    internal abstract PacketSource AddBuffer(BufferSourceOptions options);

    /// <summary>Adds datagrams in memory, by valid options.</summary>
    internal abstract PacketSource AddDatagrams(DatagramSourceOptions options);

    /// <summary>Adds a queue of this process, by valid options.</summary>
    /// <exception cref="ArgumentException">The queue is of another engine.</exception>
    internal abstract PacketSource AddInProcess(InProcessSourceOptions options);

    /// <summary>Adds to a custom counter, or raises a custom maximum.</summary>
    /// <param name="index">Its index among the custom statistics.</param>
    /// <param name="value">Not negative.</param>
    internal abstract void UpdateCustom(int index, long value);

    /// <summary>Stops the stream and ends the reads in flight.</summary>
    internal abstract void StopEngine();

    /// <summary>Gives up the engine's stream, which was stopped. Called once.</summary>
    internal abstract void DisposeEngine();

    /// <summary>Stops the stream, if it has not been disposed.</summary>
    internal void StopUnlessDisposed()
    {
        if (TryEnter())
        {
            try
            {
                StopEngine();
                _isStopped = true;
            }
            finally
            {
                Exit();
            }
        }
    }

    /// <summary>Takes a heap if one is waiting; false also if the stream is disposed.</summary>
    internal bool TryReadUnlessDisposed([NotNullWhen(true)] out Heap? heap)
    {
        heap = null;
        if (!TryEnter())
        {
            return false;
        }

        try
        {
            return Queue!.TryRead(out heap) == ReadResult.Item;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Heaps that can be read at this moment; none if the stream is disposed.</summary>
    internal int CountUnlessDisposed()
    {
        if (!TryEnter())
        {
            return 0;
        }

        try
        {
            return Queue!.Count;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Takes the next heap; null if the stream has stopped, or is disposed.</summary>
    internal ValueTask<Heap?> ReadUnlessDisposedAsync(CancellationToken cancellationToken) =>
        TryEnter() ? ReadAsyncAndExit(cancellationToken) : ValueTask.FromResult<Heap?>(null);

    /// <summary>Waits for a heap; false if the stream has stopped, or is disposed.</summary>
    internal ValueTask<bool> WaitUnlessDisposedAsync(CancellationToken cancellationToken) =>
        TryEnter() ? WaitToReadAndExit(cancellationToken) : ValueTask.FromResult(false);

    /// <summary>What people call the stream.</summary>
    internal string Name { get; private set; } = StreamName.Default;

    /// <summary>Whether the stream has stopped and its heaps have been taken, or it has been disposed.</summary>
    internal bool HasEnded
    {
        get
        {
            if (!TryEnter())
            {
                return true;
            }

            try
            {
                return HasNoMore;
            }
            finally
            {
                Exit();
            }
        }
    }

    /// <summary>The sources that were added after <see cref="KeepSources"/>, and have not been removed.</summary>
    internal IReadOnlyList<PacketSource> Sources
    {
        get
        {
            if (_sources is not { } sources)
            {
                return [];
            }

            lock (sources)
            {
                return [.. sources.Where(source => source.State != SourceState.Removed)];
            }
        }
    }

    /// <summary>Sources are listed from now on.</summary>
    internal void KeepSources() => LazyInitializer.EnsureInitialized(ref _sources, () => []);

    /// <summary>What the meter shows of the stream; null if the engine's stream has gone.</summary>
    internal ReceiveReading? ReadForMeter()
    {
        try
        {
            return new(ReadStatistics(), _customStatistics, _ringLimit == 0 ? 0 : CountUnlessDisposed(), _ringLimit);
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    string IPublishedStream.Name => Name;

    bool IPublishedStream.HasEnded => HasEnded;

    IReadOnlyList<PacketSource> IPublishedStream.Sources => Sources;

    PublishedReading? IPublishedStream.ReadForPage() =>
        ReadForMeter() is { } reading ? new(reading.Statistics, reading.RingHeaps, reading.RingLimit) : null;

    /// <summary>Shows the stream, which has been made, in the meter.</summary>
    private protected void ShowInMeter(ReceiveStreamOptions options)
    {
        Name = options.Name;
        _isInOrder = !options.AllowOutOfOrder;
        _customStatistics = [.. options.CustomStatistics];
        _ringLimit = HeapFunction is null && !FillsChunks ? options.RingHeaps : 0;
        if (FillsChunks)
        {
            // They tell whether the stream has ended.
            KeepSources();
        }

        _place = StreamMeter.Receiving.Add(this, options.Name);
    }

    private protected void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);

    private void Enter() => ObjectDisposedException.ThrowIf(!TryEnter(), this);

    /// <summary>Begins a use of <see cref="Queue"/> that takes heaps or waits for them.</summary>
    private void EnterToRead()
    {
        ThrowIfDisposed();
        ThrowIfNotRead();
        Enter();
    }

    private void ThrowIfNotRead()
    {
        if (HeapFunction is not null)
        {
            throw new InvalidOperationException(
                "The stream was made with onHeap, which takes every heap, so that none can be read.");
        }

        if (FillsChunks)
        {
            throw new InvalidOperationException(
                "The stream places its heaps in chunks, so that none can be read; read the chunks of its group.");
        }
    }

    private void EndEngine()
    {
        _place?.Dispose();
        DisposeEngine();
    }

    private Heap? WaitAndExit(TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return Queue!.Wait(timeout, cancellationToken);
        }
        finally
        {
            Exit();
        }
    }

    private async ValueTask<int> WaitForBatch(Memory<Heap> heaps, CancellationToken cancellationToken)
    {
        Heap? first = await ReadUnlessDisposedAsync(cancellationToken).ConfigureAwait(false);
        if (first is null)
        {
            return 0;
        }

        heaps.Span[0] = first;
        if (!TryEnter())
        {
            return 1;
        }

        try
        {
            return 1 + Queue!.TryReadBatch(heaps.Span[1..]);
        }
        finally
        {
            Exit();
        }
    }

    private IEnumerable<Heap> Enumerate(CancellationToken cancellationToken)
    {
        while (TryEnter() && WaitAndExit(Timeout.InfiniteTimeSpan, cancellationToken) is { } heap)
        {
            yield return heap;
        }
    }

    private async IAsyncEnumerable<Heap> EnumerateAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await ReadUnlessDisposedAsync(cancellationToken).ConfigureAwait(false) is { } heap)
        {
            yield return heap;
        }
    }

    private ValueTask<Heap?> ReadAsyncAndExit(CancellationToken cancellationToken)
    {
        try
        {
            return Queue!.ReadAsync(cancellationToken);
        }
        finally
        {
            Exit();
        }
    }

    private ValueTask<bool> WaitToReadAndExit(CancellationToken cancellationToken)
    {
        try
        {
            return KeepAlive(Queue!.WaitToReadAsync(cancellationToken));
        }
        finally
        {
            Exit();
        }
    }

    // These two keep the stream from being finalized while somebody waits for it.
    private async ValueTask<Heap> HeapOrStopped(ValueTask<Heap?> read)
    {
        Heap? heap = await read.ConfigureAwait(false);
        GC.KeepAlive(this);
        return heap ?? throw new StreamStoppedException();
    }

    private async ValueTask<bool> KeepAlive(ValueTask<bool> ready)
    {
        bool result = await ready.ConfigureAwait(false);
        GC.KeepAlive(this);
        return result;
    }
}
