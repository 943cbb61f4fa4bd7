// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Where the finished heaps of a stream go. It never makes a thread wait that holds the stream's lock.</summary>
internal abstract class HeapSink
{
    /// <summary>Whether the sources pause: a finished heap found no room. Under the stream's lock.</summary>
    public abstract bool IsFull { get; }

    /// <summary>Takes a finished heap over, at once or when there is room. Under the stream's lock.</summary>
    public abstract void Deliver(LiveHeap heap);

    /// <summary>
    /// Makes what room there is; false if heaps still wait for some, which the caller that makes it has to see to by
    /// <see cref="StreamCore.Settle"/>. Under the stream's lock.
    /// </summary>
    public abstract bool TryMakeRoom();

    /// <summary>No heap comes any more. Under the stream's lock, when there is room; again, it does nothing.</summary>
    public abstract void End();

    /// <summary>Whether consumers are to be told of something, which then counts as told. Under the stream's lock.</summary>
    public abstract bool TakeNews();

    /// <summary>Tells consumers. With or without locks.</summary>
    public abstract void Announce();

    /// <summary>Calls the user's code that is to be called. Without any lock.</summary>
    public abstract void CallBack();

    /// <summary>Looks for room very briefly, where a consumer on another thread may make some. Without any lock.</summary>
    public abstract void SpinForRoom();

    /// <summary>Frees all heaps that nobody has taken, after the stream was closed. Without any lock.</summary>
    public abstract void Free();
}
