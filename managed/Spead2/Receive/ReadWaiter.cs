// SPDX-License-Identifier: MIT

using System.Threading.Tasks.Sources;

namespace Spead2.Receive;

/// <summary>One who waits in line for an item; null tells that the stream has stopped. Served at most once.</summary>
internal interface IReadWaiter<T>
    where T : class
{
    /// <summary>The place in line.</summary>
    LinkedListNode<IReadWaiter<T>> Place { get; }

    /// <summary>Serves the waiter. It goes on on another thread.</summary>
    void SetResult(T? item);

    /// <inheritdoc cref="SetResult"/>
    void SetException(Exception exception);
}

/// <summary>A waiter that blocks a thread.</summary>
internal sealed class BlockedWaiter<T> : TaskCompletionSource<T?>, IReadWaiter<T>
    where T : class
{
    public BlockedWaiter()
        : base(TaskCreationOptions.RunContinuationsAsynchronously) => Place = new(this);

    public LinkedListNode<IReadWaiter<T>> Place { get; }
}

/// <summary>A waiter that does not block. It is recycled when its result has been taken, so that waiting makes no garbage.</summary>
internal sealed class AsyncWaiter<T> : IReadWaiter<T>, IValueTaskSource<T?>, IThreadPoolWorkItem
    where T : class
{
    private readonly Action<AsyncWaiter<T>> _recycle;
    private ManualResetValueTaskSourceCore<T?> _core;
    private T? _item;
    private Exception? _exception;

    public AsyncWaiter(Action<AsyncWaiter<T>> recycle)
    {
        _recycle = recycle;
        Place = new(this);
    }

    public LinkedListNode<IReadWaiter<T>> Place { get; }

    /// <summary>What cancels the wait.</summary>
    public CancellationTokenRegistration Cancellation { get; set; }

    /// <summary>The wait that has begun; to be awaited once.</summary>
    public ValueTask<T?> Task => new(this, _core.Version);

    public void SetResult(T? item)
    {
        _item = item;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void SetException(Exception exception)
    {
        _exception = exception;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Execute()
    {
        if (_exception is null)
        {
            _core.SetResult(_item);
        }
        else
        {
            _core.SetException(_exception);
        }
    }

    public T? GetResult(short token)
    {
        // Throws if the wait is over already.
        _core.GetStatus(token);

        // Afterwards nobody cancels this wait.
        Cancellation.Dispose();
        Cancellation = default;
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _item = null;
            _exception = null;
            _core.Reset();
            _recycle(this);
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
