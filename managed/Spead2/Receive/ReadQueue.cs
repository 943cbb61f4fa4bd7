// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// The waiters for items of an engine's ring, in the order they came. An item is taken from the ring only for a waiter
/// that certainly gets it, so no cancellation loses one.
/// </summary>
/// <typeparam name="T">What the ring holds, for example heaps.</typeparam>
/// <param name="spins">Whether an asynchronous read looks for an item for a moment before it waits for one.</param>
internal abstract class ReadQueue<T>(bool spins = true)
    where T : class
{
    // Together a few microseconds, less than it costs to put an asynchronous read to sleep and wake it. Between two
    // looks the ring is left to the thread that fills it.
    private const int Looks = 16;
    private const int PausesPerLook = 8;

    private readonly bool _spins = spins && Environment.ProcessorCount > 1;
    private readonly Lock _gate = new();
    private readonly LinkedList<IReadWaiter<T>> _waiters = new();
    private AsyncWaiter<T>? _spare;
    private Action<object?, CancellationToken>? _cancel;
    private TaskCompletionSource<bool>? _ready;
    private bool _serveAgain;

    // Null until somebody asks for the task.
    private volatile TaskCompletionSource? _completion;

    // Count of _waiters; also read without the gate.
    private volatile int _waiting;

    /// <summary>Whether the stream has stopped and every item has been taken.</summary>
    public bool IsCompleted => Ask() == ReadResult.Stopped;

    /// <summary>Whether there are waiters in line.</summary>
    public bool HasWaiters => _waiting != 0;

    /// <summary>Items that <see cref="TryReadBatch"/> would take at this moment.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return HasWaiters ? 0 : RingCount;
            }
        }
    }

    /// <summary>
    /// Ends when the stream has stopped and every item has been taken, or by <see cref="Complete"/>. As long as nobody
    /// asks for it, it costs nothing; then the engine is asked what it has after each item.
    /// </summary>
    public Task Completion
    {
        get
        {
            lock (_gate)
            {
                _completion ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                Serve();
                return _completion.Task;
            }
        }
    }

    /// <summary>Takes an item if there is one beyond those that waiters in line get.</summary>
    public ReadResult TryRead(out T? item)
    {
        ReadResult result = ReadResult.Empty;
        item = null;
        if (!HasWaiters)
        {
            result = Pop(out item);
        }
        else
        {
            lock (_gate)
            {
                Serve();
                try
                {
                    result = HasWaiters ? ReadResult.Empty : Pop(out item);
                }
                finally
                {
                    ServeIfCalledBack();
                }
            }
        }

        LookForCompletion();
        return result;
    }

    /// <summary>Takes the items that there are beyond those that waiters in line get.</summary>
    public int TryReadBatch(Span<T> items)
    {
        int count;
        if (!HasWaiters)
        {
            count = PopBatch(items);
        }
        else
        {
            lock (_gate)
            {
                Serve();
                try
                {
                    count = HasWaiters ? 0 : PopBatch(items);
                }
                finally
                {
                    ServeIfCalledBack();
                }
            }
        }

        LookForCompletion();
        return count;
    }

    /// <summary>Waits in line for an item without blocking; gives null when the stream has stopped.</summary>
    public ValueTask<T?> ReadAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T?>(cancellationToken);
        }

        if (TryRead(out T? item) != ReadResult.Empty || TryReadSoon(out item) != ReadResult.Empty)
        {
            return ValueTask.FromResult(item);
        }

        AsyncWaiter<T> waiter = Interlocked.Exchange(ref _spare, null) ?? new(Recycle);
        Enqueue(waiter);
        if (cancellationToken.CanBeCanceled)
        {
            waiter.Cancellation = cancellationToken.UnsafeRegister(_cancel ??= Cancel, waiter);
        }

        return waiter.Task;
    }

    /// <summary>
    /// Waits for an item, blocking the thread: in line if there is a line or a token to watch, otherwise in the engine.
    /// Gives null when the stream has stopped, and if the time ran out.
    /// </summary>
    public T? Wait(TimeSpan timeout, CancellationToken cancellationToken)
    {
        T? item;
        if (cancellationToken.CanBeCanceled || HasWaiters)
        {
            WaitInLine(timeout, cancellationToken, out item);
        }
        else
        {
            PopWait(timeout, out item);
            LookForCompletion();
        }

        return item;
    }

    /// <summary>Waits in line for an item, blocking the thread; gives null when the stream has stopped.</summary>
    /// <returns>False if the time ran out.</returns>
    private bool WaitInLine(TimeSpan timeout, CancellationToken cancellationToken, out T? item)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (TryRead(out item) != ReadResult.Empty)
        {
            return true;
        }

        BlockedWaiter<T> waiter = new();
        Enqueue(waiter);
        bool interrupted = false;
        using (cancellationToken.UnsafeRegister(_cancel ??= Cancel, waiter))
        {
            try
            {
                // Waits without throwing, so that an item that came at the last moment is seen below.
                if (!((IAsyncResult)waiter.Task).AsyncWaitHandle.WaitOne(timeout) && TryRemove(waiter))
                {
                    return false;
                }
            }
            catch (ThreadInterruptedException)
            {
                if (TryRemove(waiter))
                {
                    throw;
                }

                interrupted = true;
            }
        }

        if (interrupted)
        {
            // The item must not be lost: the next wait of the thread is interrupted instead.
            Thread.CurrentThread.Interrupt();
        }

        item = waiter.Task.GetAwaiter().GetResult();
        return true;
    }

    /// <summary>Waits until there is an item that no waiter in line gets; false when the stream has stopped.</summary>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(cancellationToken);
        }

        if (!HasWaiters && Ask() is var result and not ReadResult.Empty)
        {
            return ValueTask.FromResult(result == ReadResult.Item);
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

    /// <summary>Gives items to the waiters in line. To be called when the ring got an item or stopped.</summary>
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

    /// <summary>Ends <see cref="Completion"/>, whatever the ring still has: nobody can take it any more.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            (_completion ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }

    /// <summary>Items that are in the ring at this moment.</summary>
    protected abstract int RingCount { get; }

    /// <summary>Takes an item from the ring without waiting.</summary>
    protected abstract ReadResult Pop(out T? item);

    /// <summary>Takes an item from the ring, waiting for one where nobody waits in line.</summary>
    protected abstract ReadResult PopWait(TimeSpan timeout, out T? item);

    /// <summary>Takes items from the ring without waiting; gives how many.</summary>
    protected abstract int PopBatch(Span<T> items);

    /// <summary>
    /// Asks the engine to call <see cref="OnReady"/> once when the ring has an item or has stopped, unless that is so
    /// already.
    /// </summary>
    protected abstract ReadResult RequestReady();

    /// <summary>
    /// Asks what there is on behalf of one who does not wait in line. The engine keeps one request for all, so an answer
    /// ends that of waiters, too, for which there would be no call back: they are served here.
    /// </summary>
    private ReadResult Ask()
    {
        ReadResult result = RequestReady();
        if (result != ReadResult.Empty && (HasWaiters || Volatile.Read(ref _ready) is not null))
        {
            OnReady();
        }

        return result;
    }

    /// <summary>Looks for an item as long as that is cheaper than to wait for one.</summary>
    private ReadResult TryReadSoon(out T? item)
    {
        item = null;
        ReadResult result = ReadResult.Empty;
        for (int look = 0; look < Looks && _spins && !HasWaiters && result == ReadResult.Empty; look++)
        {
            Thread.SpinWait(PausesPerLook);
            result = TryRead(out item);
        }

        return result;
    }

    private void Enqueue(IReadWaiter<T> waiter)
    {
        lock (_gate)
        {
            _waiters.AddLast(waiter.Place);
            _waiting++;
            Serve();
        }
    }

    /// <summary>A waiter that has been served and seen to it is the next one.</summary>
    private void Recycle(AsyncWaiter<T> waiter) => Volatile.Write(ref _spare, waiter);

    private void Cancel(object? state, CancellationToken cancellationToken)
    {
        IReadWaiter<T> waiter = (IReadWaiter<T>)state!;
        if (TryRemove(waiter))
        {
            waiter.SetException(new OperationCanceledException(cancellationToken));
        }
    }

    /// <summary>Takes a waiter out of the line unless it has been served.</summary>
    private bool TryRemove(IReadWaiter<T> waiter)
    {
        lock (_gate)
        {
            if (waiter.Place.List is null)
            {
                return false;
            }

            Remove(waiter);
            return true;
        }
    }

    private void Remove(IReadWaiter<T> waiter)
    {
        _waiters.Remove(waiter.Place);
        _waiting--;
    }

    /// <summary>Serves until nobody waits any more, or the engine has been asked to call back.</summary>
    private void Serve()
    {
        do
        {
            _serveAgain = false;
            ServeWaiters();
            ServeReady();
            ServeCompletion();
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

    private void ServeWaiters()
    {
        while (_waiters.First?.Value is { } waiter)
        {
            if (TryPopFor(waiter))
            {
                Remove(waiter);
            }
            else if (RequestReady() == ReadResult.Empty)
            {
                return;
            }
        }
    }

    private bool TryPopFor(IReadWaiter<T> waiter)
    {
        try
        {
            ReadResult result = Pop(out T? item);
            if (result != ReadResult.Empty)
            {
                waiter.SetResult(item);
            }

            return result != ReadResult.Empty;
        }
        catch (Exception exception)
        {
            // The waiter is told, for the thread that serves it must go on.
            waiter.SetException(exception);
            return true;
        }
    }

    private void ServeReady()
    {
        if (_ready is null || HasWaiters)
        {
            return;
        }

        ReadResult result = RequestReady();
        if (result != ReadResult.Empty)
        {
            _ready.SetResult(result == ReadResult.Item);
            _ready = null;
        }
    }

    private void ServeCompletion()
    {
        if (_completion is { Task.IsCompleted: false } && !HasWaiters && RequestReady() == ReadResult.Stopped)
        {
            _completion.SetResult();
        }
    }

    /// <summary>
    /// Sees whether an item that was taken just now was the last one, and has the engine say so if it may be.
    /// </summary>
    private void LookForCompletion()
    {
        if (_completion is { Task.IsCompleted: false })
        {
            OnReady();
        }
    }
}
