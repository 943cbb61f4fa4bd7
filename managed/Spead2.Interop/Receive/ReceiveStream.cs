// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;

namespace Spead2.Receive;

/// <summary>A stream of heaps that native code receives.</summary>
/// <inheritdoc cref="IReceiveStream" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
public sealed class ReceiveStream : IReceiveStream
{
    private readonly ReceiveStreamHandle _handle;
    private readonly NativeLog? _log;
    private int _disposed;

    /// <summary>Makes a stream.</summary>
    /// <param name="options">Options; the defaults if left out.</param>
    /// <param name="pool">
    /// Threads that receive the packets; one thread of its own if left out. The pool may be disposed before the stream.
    /// </param>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="Spead2Exception">For example there is not enough memory.</exception>
    /// <exception cref="DllNotFoundException">The native library is missing or does not fit.</exception>
    public ReceiveStream(ReceiveStreamOptions? options = null, IoThreadPool? pool = null)
    {
        options ??= new();
        options.Validate();
        _log = options.Logger is null ? null : new NativeLog(options.Logger);
        _handle = new(options, pool?.Handle, _log);
    }

    /// <inheritdoc/>
    public StreamStatistics Statistics
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.GetStatistics();
        }
    }

    /// <inheritdoc/>
    public bool IsCompleted
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.Queue.IsCompleted;
        }
    }

    /// <inheritdoc/>
    public bool StopOnStopItem
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.StopOnStopItem;
        }

        set
        {
            using HandleLease lease = Use();
            _handle.StopOnStopItem = value;
        }
    }

    /// <inheritdoc/>
    public MemoryAllocator? MemoryAllocator
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.Payloads.Allocator;
        }

        set
        {
            using HandleLease lease = Use();
            _handle.Payloads.Allocator = value;
        }
    }

    /// <inheritdoc/>
    public CopyMethod CopyMethod
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.Payloads.CopyMethod;
        }

        set
        {
            if (!Enum.IsDefined(value))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(value), value, $"There is no {nameof(CopyMethod)} {(int)value}.");
            }

            using HandleLease lease = Use();
            _handle.Payloads.CopyMethod = value;
        }
    }

    /// <inheritdoc/>
    public PacketCopier? PacketCopier
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.Payloads.Copier;
        }

        set
        {
            using HandleLease lease = Use();
            _handle.Payloads.Copier = value;
        }
    }

    /// <inheritdoc/>
    public nint Fd
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.Fd;
        }
    }

    /// <inheritdoc/>
    public void AddBufferReader(ReadOnlyMemory<byte> packets)
    {
        using HandleLease lease = Use();
        _handle.AddBufferReader(packets);
    }

    /// <inheritdoc/>
    public void AddDatagramReader(IReadOnlyList<ReadOnlyMemory<byte>> datagrams)
    {
        ArgumentNullException.ThrowIfNull(datagrams);
        using HandleLease lease = Use();
        _handle.AddDatagramReader(datagrams);
    }

    /// <inheritdoc/>
    public int AddUdpReader(UdpReaderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        using HandleLease lease = Use();
        return _handle.AddUdpReader(options);
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
        using HandleLease lease = Use();
        _handle.Start();
    }

    /// <inheritdoc/>
    public void UpdateStatistic(int index, long value)
    {
        using HandleLease lease = Use();
        _handle.UpdateStatistic(index, value);
    }

    /// <inheritdoc/>
    public void UpdateStatistic(string name, long value)
    {
        ArgumentNullException.ThrowIfNull(name);
        using HandleLease lease = Use();
        _handle.UpdateStatistic(name, value);
    }

    /// <inheritdoc/>
    public bool TryRead([NotNullWhen(true)] out Heap? heap)
    {
        using HandleLease lease = Use();
        return _handle.Queue.TryRead(out heap) == ReadResult.Heap;
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
        using HandleLease lease = Use();
        return _handle.Queue.TryReadBatch(heaps);
    }

    /// <inheritdoc/>
    public Heap Read(CancellationToken cancellationToken = default) =>
        Wait(Timeout.InfiniteTimeSpan, cancellationToken) ?? throw new StreamStoppedException();

    /// <inheritdoc/>
    public ValueTask<Heap> ReadAsync(CancellationToken cancellationToken = default)
    {
        using HandleLease lease = Use();
        return HeapOrStopped(_handle.Queue.ReadAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        using HandleLease lease = Use();
        return KeepAlive(_handle.Queue.WaitToReadAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Heap> ReadAllAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return Enumerate(cancellationToken);
    }

    /// <inheritdoc/>
    public void Stop()
    {
        using HandleLease lease = Use();
        _handle.Stop();
    }

    /// <summary>
    /// Stops the stream, ends the reads that are in flight as if it had stopped, and frees it when the last call on it
    /// has returned. Log messages are delivered before this returns, unless a logger calls it. Calling it again does
    /// nothing.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        using (new HandleLease(_handle))
        {
            _handle.Stop();
        }

        _handle.Dispose();
        _log?.Flush();
    }

    /// <summary>Does what <see cref="Dispose"/> does, without making the caller wait.</summary>
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    private bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    private HandleLease Use()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return new(_handle);
    }

    /// <summary>Waits in native code where there is neither a line to wait in nor a token to watch.</summary>
    private Heap? Wait(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Heap? heap;
        using HandleLease lease = Use();
        if (cancellationToken.CanBeCanceled || _handle.Queue.HasReaders)
        {
            _handle.Queue.TryRead(timeout, cancellationToken, out heap);
        }
        else
        {
            _handle.Queue.PopWait(timeout, out heap);
        }

        return heap;
    }

    private async IAsyncEnumerable<Heap> Enumerate([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await ReadUnlessDisposedAsync(cancellationToken).ConfigureAwait(false) is { } heap)
        {
            yield return heap;
        }
    }

    private ValueTask<Heap?> ReadUnlessDisposedAsync(CancellationToken cancellationToken)
    {
        try
        {
            using HandleLease lease = Use();
            return _handle.Queue.ReadAsync(cancellationToken);
        }
        catch (ObjectDisposedException)
        {
            return ValueTask.FromResult<Heap?>(null);
        }
    }

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
