// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// The readers that wait for heaps of an engine's ring, in the order they came. A heap is taken from the ring only for
/// a reader that certainly gets it, so no cancellation loses one.
/// </summary>
/// <param name="spins">Whether an asynchronous reader looks for a heap for a moment before it waits for one.</param>
internal abstract class ReadQueue(bool spins = true)
{
    // Together a few microseconds, less than it costs to put an asynchronous reader to sleep and wake it. Between two
    // looks the ring is left to the thread that fills it.
    private const int Looks = 16;
    private const int PausesPerLook = 8;

    private readonly bool _spins = spins && Environment.ProcessorCount > 1;
    private readonly Lock _gate = new();
    private readonly LinkedList<Reader> _readers = new();
    private TaskCompletionSource<bool>? _ready;
    private bool _serveAgain;

    // Count of _readers; also read without the gate.
    private volatile int _waiting;

    /// <summary>Whether the stream has stopped and every heap has been taken.</summary>
    public bool IsCompleted => Ask() == ReadResult.Stopped;

    /// <summary>Whether readers wait.</summary>
    public bool HasReaders => _waiting != 0;

    /// <summary>Takes a heap if there is one beyond those that waiting readers get.</summary>
    public ReadResult TryRead(out Heap? heap)
    {
        if (!HasReaders)
        {
            return Pop(out heap);
        }

        lock (_gate)
        {
            Serve();
            if (!HasReaders)
            {
                try
                {
                    return Pop(out heap);
                }
                finally
                {
                    ServeIfCalledBack();
                }
            }
        }

        heap = null;
        return ReadResult.Empty;
    }

    /// <summary>Takes the heaps that there are beyond those that waiting readers get.</summary>
    public int TryReadBatch(Span<Heap> heaps)
    {
        if (!HasReaders)
        {
            return PopBatch(heaps);
        }

        lock (_gate)
        {
            Serve();
            try
            {
                return HasReaders ? 0 : PopBatch(heaps);
            }
            finally
            {
                ServeIfCalledBack();
            }
        }
    }

    /// <summary>Waits in line for a heap without blocking; gives null when the stream has stopped.</summary>
    public ValueTask<Heap?> ReadAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<Heap?>(cancellationToken);
        }

        if (TryRead(out Heap? heap) != ReadResult.Empty || TryReadSoon(out heap) != ReadResult.Empty)
        {
            return ValueTask.FromResult(heap);
        }

        Reader reader = Enqueue();
        return cancellationToken.CanBeCanceled
            ? new(WaitAsync(reader, cancellationToken))
            : new(reader.Task);
    }

    /// <summary>Waits in line for a heap, blocking the thread; gives null when the stream has stopped.</summary>
    /// <returns>False if the time ran out.</returns>
    public bool TryRead(TimeSpan timeout, CancellationToken cancellationToken, out Heap? heap)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (TryRead(out heap) != ReadResult.Empty)
        {
            return true;
        }

        Reader reader = Enqueue();
        bool interrupted = false;
        using (cancellationToken.UnsafeRegister(_ => Cancel(reader, cancellationToken), null))
        {
            try
            {
                // Waits without throwing, so that a heap that came at the last moment is seen below.
                if (!((IAsyncResult)reader.Task).AsyncWaitHandle.WaitOne(timeout) && TryRemove(reader))
                {
                    return false;
                }
            }
            catch (ThreadInterruptedException)
            {
                if (TryRemove(reader))
                {
                    throw;
                }

                interrupted = true;
            }
        }

        if (interrupted)
        {
            // The heap must not be lost: the next wait of the thread is interrupted instead.
            Thread.CurrentThread.Interrupt();
        }

        heap = reader.Task.GetAwaiter().GetResult();
        return true;
    }

    /// <summary>Waits until there is a heap that no reader in line gets; false when the stream has stopped.</summary>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(cancellationToken);
        }

        if (!HasReaders && Ask() is var result and not ReadResult.Empty)
        {
            return ValueTask.FromResult(result == ReadResult.Heap);
        }

        Task<bool> ready;
        lock (_gate)
        {
            _ready ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            ready = _ready.Task;
            Serve();
        }

        return new(ready.WaitAsync(cancellationToken));
    }

    /// <summary>Gives heaps to the readers in line. To be called when the ring got a heap or stopped.</summary>
    public void OnReady()
    {
        if (_gate.IsHeldByCurrentThread)
        {
            // The engine called back from within a call of this object, which sees to it afterwards.
            _serveAgain = true;
            return;
        }

        lock (_gate)
        {
            Serve();
        }
    }

    /// <summary>Takes a heap from the ring without waiting.</summary>
    protected abstract ReadResult Pop(out Heap? heap);

    /// <summary>Takes heaps from the ring without waiting; gives how many.</summary>
    protected abstract int PopBatch(Span<Heap> heaps);

    /// <summary>
    /// Asks the engine to call <see cref="OnReady"/> once when the ring has a heap or has stopped, unless that is so
    /// already.
    /// </summary>
    protected abstract ReadResult RequestReady();

    /// <summary>
    /// Asks what there is on behalf of one who does not wait in line. The engine keeps one request for all, so an answer
    /// ends that of those who wait, too, for whom there would be no call back: they are served here.
    /// </summary>
    private ReadResult Ask()
    {
        ReadResult result = RequestReady();
        if (result != ReadResult.Empty && (HasReaders || Volatile.Read(ref _ready) is not null))
        {
            OnReady();
        }

        return result;
    }

    /// <summary>Looks for a heap as long as that is cheaper than to wait for one.</summary>
    private ReadResult TryReadSoon(out Heap? heap)
    {
        heap = null;
        ReadResult result = ReadResult.Empty;
        for (int look = 0; look < Looks && _spins && !HasReaders && result == ReadResult.Empty; look++)
        {
            Thread.SpinWait(PausesPerLook);
            result = TryRead(out heap);
        }

        return result;
    }

    private Reader Enqueue()
    {
        Reader reader = new();
        lock (_gate)
        {
            _readers.AddLast(reader.Place);
            _waiting++;
            Serve();
        }

        return reader;
    }

    private async Task<Heap?> WaitAsync(Reader reader, CancellationToken cancellationToken)
    {
        using (cancellationToken.UnsafeRegister(_ => Cancel(reader, cancellationToken), null))
        {
            return await reader.Task.ConfigureAwait(false);
        }
    }

    private void Cancel(Reader reader, CancellationToken cancellationToken)
    {
        if (TryRemove(reader))
        {
            reader.SetCanceled(cancellationToken);
        }
    }

    /// <summary>Takes a reader out of the line unless it has been served.</summary>
    private bool TryRemove(Reader reader)
    {
        lock (_gate)
        {
            if (reader.Place.List is null)
            {
                return false;
            }

            Remove(reader);
            return true;
        }
    }

    private void Remove(Reader reader)
    {
        _readers.Remove(reader.Place);
        _waiting--;
    }

    /// <summary>Serves until nobody waits any more, or the engine has been asked to call back.</summary>
    private void Serve()
    {
        do
        {
            _serveAgain = false;
            ServeReaders();
            ServeReady();
        }
        while (_serveAgain);
    }

    /// <summary>After a call of the engine that <see cref="Serve"/> has not made.</summary>
    private void ServeIfCalledBack()
    {
        if (_serveAgain)
        {
            Serve();
        }
    }

    private void ServeReaders()
    {
        while (_readers.First?.Value is { } reader)
        {
            if (TryPopFor(reader))
            {
                Remove(reader);
            }
            else if (RequestReady() == ReadResult.Empty)
            {
                return;
            }
        }
    }

    private bool TryPopFor(Reader reader)
    {
        try
        {
            ReadResult result = Pop(out Heap? heap);
            if (result != ReadResult.Empty)
            {
                reader.SetResult(heap);
            }

            return result != ReadResult.Empty;
        }
        catch (Exception exception)
        {
            // The reader is told, for the thread that serves it must go on.
            reader.SetException(exception);
            return true;
        }
    }

    private void ServeReady()
    {
        if (_ready is null || HasReaders)
        {
            return;
        }

        ReadResult result = RequestReady();
        if (result != ReadResult.Empty)
        {
            _ready.SetResult(result == ReadResult.Heap);
            _ready = null;
        }
    }

    /// <summary>One who waits in line for a heap; null tells that the stream has stopped.</summary>
    private sealed class Reader : TaskCompletionSource<Heap?>
    {
        public Reader()
            : base(TaskCreationOptions.RunContinuationsAsynchronously)
        {
            Place = new(this);
        }

        public LinkedListNode<Reader> Place { get; }
    }
}
