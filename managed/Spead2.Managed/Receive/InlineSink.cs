// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Managed;

/// <summary>
/// Heaps are handed to a function of the user's, on the thread that finished them or on one that is handing over already:
/// one call at a time, in order, without any lock. At the end it gets null, once.
/// </summary>
internal sealed class InlineSink(StreamCore stream, Action<LiveHeap?> onHeap) : HeapSink
{
    // So many heaps wait, at most about twice, for one that is being handed over: several small ones share the cost of
    // a slice, and large ones do not pile up.
    private const int MostWaiting = 16;

    // Under the stream's lock:
    private HeapQueue _waiting;
    private bool _handing;
    private bool _ended;

    // Also read without the lock. The end has come, but nobody was told.
    private volatile bool _endDue;
    private volatile int _count;

    public override bool IsFull => _count >= MostWaiting;

    public override void Deliver(LiveHeap heap)
    {
        _waiting.Add(heap);
        _count++;
    }

    public override bool TryMakeRoom() => !IsFull;

    public override void End()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        _endDue = true;

        // Nobody may be in a slice who would see to it.
        stream.Threads.IdlestLoop().Post(new CallBackTask(this));
    }

    public override bool TakeNews() => false;

    public override void Announce()
    {
        // There are no consumers.
    }

    public override void SpinForRoom()
    {
        // Room is made by the call before.
    }

    public override void CallBack()
    {
        while (TryBegin(out HeapQueue heaps, out bool ends))
        {
            while (heaps.Take() is { } heap)
            {
                Hand(heap);
            }

            if (ends)
            {
                Hand(null);
            }

            lock (stream.Gate)
            {
                _handing = false;
            }
        }
    }

    public override void Free()
    {
        lock (stream.Gate)
        {
            _waiting.Free();
            _count = 0;
        }
    }

    /// <summary>Takes what is to be handed over, unless that is nothing or another thread is at it.</summary>
    private bool TryBegin(out HeapQueue heaps, out bool ends)
    {
        heaps = default;
        ends = false;
        if (_count == 0 && !_endDue)
        {
            return false;
        }

        lock (stream.Gate)
        {
            if (_handing || (_waiting.IsEmpty && !_endDue))
            {
                return false;
            }

            _handing = true;
            heaps = _waiting;
            _waiting = default;
            _count = 0;
            ends = _endDue;
            _endDue = false;
        }

        // Those who were blocked may go on while the heaps are handed over.
        stream.Settle();
        return true;
    }

    private void Hand(LiveHeap? heap)
    {
        try
        {
            onHeap(heap);
        }
        catch (Exception exception)
        {
            stream.Log.Write(
                MessageKind.User,
                LogLevel.Warning,
                exception,
                static exception => $"the function that heaps are handed to failed: {ExceptionText.Of(exception)}");
        }
    }

    private sealed class CallBackTask(InlineSink sink) : LoopTask
    {
        public override void Run() => sink.CallBack();
    }
}
