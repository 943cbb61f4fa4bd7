// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A stream of heaps that is received without native code.</summary>
/// <inheritdoc cref="IReceiveStream" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
public sealed class ManagedReceiveStream : IReceiveStream
{
    private readonly StreamCore _core;
    private int _disposed;

    /// <summary>Makes a stream.</summary>
    /// <param name="options">Options; the defaults if left out.</param>
    /// <param name="pool">
    /// Threads that receive the packets; one thread of its own if left out. The pool may be disposed before the stream.
    /// </param>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="Spead2Exception">For example there is not enough memory.</exception>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    public ManagedReceiveStream(ReceiveStreamOptions? options = null, ManagedIoThreadPool? pool = null)
    {
        options ??= new();
        options.Validate();
        ObjectDisposedException.ThrowIf(pool is not null && !pool.Threads.TryRetain(), typeof(ManagedIoThreadPool));
        IoThreads threads = pool?.Threads ?? ManagedIoThreadPool.NewThreads();
        try
        {
            _core = new(options, threads, EngineLog.For(options.Logger));
        }
        catch (Exception exception)
        {
            // Also what a logger throws that is asked which levels it wants.
            threads.Release(wait: true);
            if (exception is OutOfMemoryException)
            {
                throw StatusException.NoMemory("a stream (MaxHeaps, Substreams and RingHeaps decide its size)");
            }

            throw;
        }
    }

    /// <summary>Frees a stream that was never disposed.</summary>
    ~ManagedReceiveStream()
    {
        // Null if the constructor failed.
        _core?.Release(wait: false);
    }

    /// <inheritdoc/>
    public StreamStatistics Statistics
    {
        get
        {
            ThrowIfDisposed();
            return _core.Statistics;
        }
    }

    /// <inheritdoc/>
    public bool IsCompleted
    {
        get
        {
            ThrowIfDisposed();
            return _core.Queue.IsCompleted;
        }
    }

    /// <inheritdoc/>
    public bool StopOnStopItem
    {
        get => Locked(static core => core.StopOnStopItem);
        set => Locked(value, static (core, value) => core.StopOnStopItem = value);
    }

    /// <inheritdoc/>
    public MemoryAllocator? MemoryAllocator
    {
        get => Locked(static core => core.Intake.Memory?.Allocator);
        set
        {
            if (value?.IsNative == true)
            {
                throw new ArgumentException(
                    $"{value.GetType().Name} works with streams that native code receives only.", nameof(value));
            }

            Locked(
                value is null ? null : new PayloadMemory(value, _core.Log, _core.Tally),
                static (core, memory) => core.Intake.Memory = memory);
        }
    }

    /// <inheritdoc/>
    public CopyMethod CopyMethod
    {
        get => Locked(static core => core.Copy.Method);
        set
        {
            if (!Enum.IsDefined(value))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(value), value, $"There is no {nameof(CopyMethod)} {(int)value}.");
            }

            Locked(value, static (core, value) => core.Copy.Method = value);
        }
    }

    /// <inheritdoc/>
    public PacketCopier? PacketCopier
    {
        get => Locked(static core => core.Copy.User);
        set => Locked(value, static (core, value) => core.Copy.User = value);
    }

    /// <inheritdoc/>
    public nint Fd
    {
        get
        {
            using StreamHold hold = Use();
            return _core.Delivery.ReadyHandle.Open();
        }
    }

    private bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <inheritdoc/>
    public void AddBufferReader(ReadOnlyMemory<byte> packets)
    {
        using StreamHold hold = Use();
        _core.ThrowIfStarted();
        _core.Add(new BufferReader(_core, packets));
    }

    /// <inheritdoc/>
    public void AddDatagramReader(IReadOnlyList<ReadOnlyMemory<byte>> datagrams)
    {
        ArgumentNullException.ThrowIfNull(datagrams);
        using StreamHold hold = Use();
        _core.ThrowIfStarted();
        _core.Add(new DatagramReader(_core, new PinnedDatagrams(datagrams)));
    }

    /// <inheritdoc/>
    public int AddUdpReader(UdpReaderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        using StreamHold hold = Use();
        _core.ThrowIfStarted();
        return _core.IsStopped ? 0 : UdpReaders.Add(_core, options, UdpFieldNames.DotNet);
    }

    /// <inheritdoc/>
    public int AddUdpReader(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return AddUdpReader(new UdpReaderOptions { BindHost = endPoint.Address.ToString(), Port = endPoint.Port });
    }

    /// <inheritdoc/>
    public void Start()
    {
        using StreamHold hold = Use();
        _core.Start();
    }

    /// <inheritdoc/>
    public void UpdateStatistic(int index, long value)
    {
        ThrowIfDisposed();
        int count = _core.StatisticNames.InOrder.Length;
        if (index < StreamStatistics.FirstCustomIndex || index >= count)
        {
            string which = count == StreamStatistics.FirstCustomIndex
                ? "the stream has none"
                : $"the stream's have indices {StreamStatistics.FirstCustomIndex} to {count - 1}";
            throw new ArgumentOutOfRangeException(
                nameof(index), index, $"Only custom statistics can be updated, and {which}.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(value);
        _core.Tally.UpdateCustom(index - StreamStatistics.FirstCustomIndex, value);
    }

    /// <inheritdoc/>
    public void UpdateStatistic(string name, long value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ThrowIfDisposed();
        int index = _core.StatisticNames.IndexOf(name);
        if (index < StreamStatistics.FirstCustomIndex)
        {
            throw new ArgumentException($"The stream has no custom statistic that is called \"{name}\".", nameof(name));
        }

        UpdateStatistic(index, value);
    }

    /// <inheritdoc/>
    public bool TryRead([NotNullWhen(true)] out Heap? heap)
    {
        ThrowIfDisposed();
        ReadResult result = _core.Queue.TryRead(out heap);
        GC.KeepAlive(this);
        return result == ReadResult.Heap;
    }

    /// <inheritdoc/>
    public bool TryRead([NotNullWhen(true)] out Heap? heap, TimeSpan timeout)
    {
        if (timeout != Timeout.InfiniteTimeSpan && timeout.TotalMilliseconds is < 0 or > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeout), timeout, $"{nameof(timeout)} must be from 0 to {int.MaxValue} ms, or infinite.");
        }

        heap = Wait(timeout, CancellationToken.None);
        return heap is not null;
    }

    /// <inheritdoc/>
    public int TryReadBatch(Span<Heap> heaps)
    {
        ThrowIfDisposed();
        int count = _core.Queue.TryReadBatch(heaps);
        GC.KeepAlive(this);
        return count;
    }

    /// <inheritdoc/>
    public Heap Read(CancellationToken cancellationToken = default) =>
        Wait(Timeout.InfiniteTimeSpan, cancellationToken) ?? throw new StreamStoppedException();

    /// <inheritdoc/>
    public ValueTask<Heap> ReadAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return HeapOrStopped(_core.Queue.ReadAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return KeepAlive(_core.Queue.WaitToReadAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Heap> ReadAllAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return Enumerate(cancellationToken);
    }

    /// <inheritdoc/>
    public void Stop()
    {
        ThrowIfDisposed();
        _core.Stop();
        _core.Queue.OnReady();
    }

    /// <summary>
    /// Stops the stream, ends the reads that are in flight as if it had stopped, and frees it when the last call on it
    /// has returned. Log messages are delivered before this returns, unless a logger calls it. Calling it again does
    /// nothing.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            GC.SuppressFinalize(this);
            _core.Stop();
            _core.Release(wait: true);
        }
    }

    /// <summary>Does what <see cref="Dispose"/> does, without making the caller wait.</summary>
    [SuppressMessage("Usage", "CA1816", Justification = "Dispose does it.")]
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    /// <summary>Reads a setting that readers of packets use.</summary>
    private T Locked<T>(Func<StreamCore, T> read)
    {
        ThrowIfDisposed();
        lock (_core.Gate)
        {
            return read(_core);
        }
    }

    /// <summary>Changes a setting between two turns of readers of packets.</summary>
    private void Locked<T>(T value, Action<StreamCore, T> write)
    {
        ThrowIfDisposed();
        lock (_core.Gate)
        {
            write(_core, value);
        }
    }

    /// <summary>For calls that must not meet a stream that has been destroyed.</summary>
    private StreamHold Use()
    {
        ThrowIfDisposed();
        return new(_core);
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);

    /// <summary>Waits at the ring where there is neither a line to wait in nor a token to watch.</summary>
    private Heap? Wait(TimeSpan timeout, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        Heap? heap;
        if (cancellationToken.CanBeCanceled || _core.Queue.HasReaders)
        {
            _core.Queue.TryRead(timeout, cancellationToken, out heap);
        }
        else
        {
            _core.Queue.PopWait(timeout, out heap);
        }

        GC.KeepAlive(this);
        return heap;
    }

    private async IAsyncEnumerable<Heap> Enumerate([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await ReadUnlessDisposedAsync(cancellationToken).ConfigureAwait(false) is { } heap)
        {
            yield return heap;
        }
    }

    private ValueTask<Heap?> ReadUnlessDisposedAsync(CancellationToken cancellationToken) =>
        IsDisposed ? ValueTask.FromResult<Heap?>(null) : _core.Queue.ReadAsync(cancellationToken);

    // Both keep the stream from being finalized while somebody waits for it.
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
