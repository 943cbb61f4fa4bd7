// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Managed;

/// <summary>
/// Heaps are handed to a user-supplied function, on the thread that finished them or on one that is handing over already:
/// one call at a time, in order, without any lock. At the end it gets null, once.
/// </summary>
internal sealed class InlineSink(StreamCore stream, Action<LiveHeap?> onHeap) : HeapSink
{
    // So many heaps, or bytes of payload, may wait to be handed over: a source that has added more lets the function have
    // them first.
    private const int MostHeaps = 64;
    private const ulong MostBytes = 1 << 20;

    // Under the stream's lock:
    private HeapQueue _waiting;
    private ulong _bytes;
    private bool _handing;
    private bool _ended;

    // Also read without the lock. The end has come, but nobody was told.
    private volatile bool _endDue;
    private volatile int _count;

    /// <summary>Whether the function has been told of the end.</summary>
    public bool HasToldEnd
    {
        get
        {
            lock (stream.Gate)
            {
                return _ended && !_endDue;
            }
        }
    }

    public override bool IsFull => _count >= MostHeaps || _bytes >= MostBytes;

    public override void Deliver(LiveHeap heap)
    {
        _waiting.Add(heap);
        _count++;
        _bytes += heap.ReceivedLength;
    }

    public override bool TryMakeRoom() => !IsFull;

    // The thread that closes the stream calls back afterwards.
    public override void End()
    {
        _endDue |= !_ended;
        _ended = true;
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
            _bytes = 0;
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
            _bytes = 0;
            ends = _endDue;
            _endDue = false;
        }

        // Blocked sources may go on while the heaps are handed over.
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
                static exception => $"onHeap failed: {ExceptionText.Of(exception)}");
        }
    }}
