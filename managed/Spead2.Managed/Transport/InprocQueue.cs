// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Spead2.Managed;

/// <summary>
/// A queue of packets between streams. Writers reserve room under the queue's lock and copy without it; the one reader
/// reads without it, and takes it once for many packets. Neither end waits in it: who has nothing to do is posted when
/// that has changed.
/// </summary>
/// <param name="maxBytes">Of the packets in it, each with its record; an empty queue takes any packet.</param>
internal sealed class InprocQueue(long maxBytes)
{
    // Packets lie in blocks of so many bytes, those that are larger in one of their own. A block stays in the
    // processor's second-level cache between writer and reader.
    private const int BlockBytes = 256 << 10;

    // Empty blocks that are kept for later, at most; those of a bounded queue of the default size.
    private const int MostSpareBlocks = (int)(InProcessQueueBase.DefaultMaxBytes / BlockBytes);

    // The reader lets writers have room whenever it has taken this part of the queue.
    private const int SettlePart = 4;

    // A record: 8 bytes of length, 8 that are not 0 once the bytes behind them are there.
    private const int RecordBytes = 16;
    private const int ReadyOffset = 8;

    private readonly long _settleBytes = Math.Min(maxBytes, InProcessQueueBase.DefaultMaxBytes) / SettlePart;
    private readonly Lock _lock = new();

    // Under the lock:
    private readonly Stack<Block> _spare = new();
    private readonly List<Waiter> _waiters = [];
    private Block _last = new(BlockBytes);
    private long _bytes;
    private bool _stopped;
    private bool _readerWaits;
    private Source? _reader;

    // The reader's: where it reads, where what is known to have been reserved ends, the bytes of records whose room
    // others do not have yet, and blocks that nothing is read from any more.
    private readonly List<Block> _done = [];
    private Block? _first;
    private int _offset;
    private Block? _seen;
    private int _seenOffset;
    private long _taken;

    /// <summary>What there is to read.</summary>
    public enum State
    {
        More,

        /// <summary>The reader is posted when that changes.</summary>
        Empty,

        /// <summary>Stopped, and all was taken.</summary>
        Ended,
    }

    private Block First => _first ??= _last;

    /// <summary>Copies packets, in order, as <see cref="PacketWriter.Write"/> does. Any thread.</summary>
    public int Write(Span<PacketOut> packets)
    {
        Reservations reserved = default;
        int dealt = 0;
        lock (_lock)
        {
            _first ??= _last;
            for (; dealt < packets.Length && (_stopped || Fits(packets[dealt].Length)); dealt++)
            {
                reserved[dealt] = _stopped ? default : TryReserve(packets[dealt].Length);
                packets[dealt].Status =
                    reserved[dealt].Block is not null ? Spead2Status.Success
                    : _stopped ? Spead2Status.Stopped
                    : Spead2Status.OutOfMemory;
            }
        }

        for (int i = 0; i < dealt; i++)
        {
            if (reserved[i].Block is { } block)
            {
                packets[i].CopyTo(block.Bytes.AsSpan(reserved[i].Offset + RecordBytes));
                block.SetReady(reserved[i].Offset);
            }
        }

        lock (_lock)
        {
            TellReader();
        }

        return dealt;
    }

    /// <summary>Copies one packet; gives what became of it. Any thread.</summary>
    public unsafe Spead2Status Add(byte* data, int length)
    {
        Piece piece = new() { Data = data, Length = (nuint)length };
        PacketOut added = new() { Pieces = &piece, PieceCount = 1, Length = length };
        return Write(new(ref added)) == 0 ? Spead2Status.QueueFull : added.Status;
    }

    /// <summary>
    /// Posts the task once, when a packet of this length fits, and more behind it, or when the queue was stopped. A
    /// waiter waits for one queue at a time.
    /// </summary>
    public void AwaitRoom(Waiter waiter, EventLoop loop, LoopTask task, int length)
    {
        waiter.Length = length;
        waiter.Loop = loop;
        waiter.Task = task;
        lock (_lock)
        {
            if (IsRoomy(length))
            {
                loop.Post(task);
            }
            else if (!_waiters.Contains(waiter))
            {
                _waiters.Add(waiter);
            }
        }
    }

    /// <summary>The waiter is not posted any more.</summary>
    public void Forget(Waiter waiter)
    {
        lock (_lock)
        {
            _waiters.Remove(waiter);
        }
    }

    /// <summary>Stops the queue for good: nothing is added any more.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            StopLocked();
        }
    }

    /// <summary>
    /// From now on the source is posted when there is something to read after <see cref="Settle"/> has found nothing.
    /// False: there is a reader.
    /// </summary>
    public bool TryAttach(Source reader)
    {
        lock (_lock)
        {
            _reader ??= reader;
            return _reader == reader;
        }
    }

    /// <summary>The reader goes; what it has not taken stays.</summary>
    /// <param name="reader">Does nothing if it is not the reader.</param>
    /// <param name="stop">Whether the queue is stopped.</param>
    public void Detach(Source reader, bool stop)
    {
        lock (_lock)
        {
            if (_reader != reader)
            {
                return;
            }

            PassBlocks();
            _readerWaits = false;
            _reader = null;
            GiveRoom();
            if (stop)
            {
                StopLocked();
            }
        }
    }

    /// <summary>Lets writers have the room of what was taken, and looks whether there is more. The reader's.</summary>
    public State Settle()
    {
        lock (_lock)
        {
            _seen = _last;
            PassBlocks();
            GiveRoom();
            State state = State.More;
            bool allTaken = First == _last && _offset == _last.Used;
            if (allTaken)
            {
                // The start of the block is still in the cache.
                _offset = 0;
                _last.Used = 0;
                state = _stopped ? State.Ended : State.Empty;
            }
            else if (!First.IsReady(_offset))
            {
                // A writer is copying, and tells the reader afterwards.
                state = State.Empty;
            }

            _seenOffset = _last.Used;
            _readerWaits = state == State.Empty;
            return state;
        }
    }

    /// <summary>The next packet, valid until it is taken; false: then settle. The reader's.</summary>
    public bool TryPeek(out ReadOnlySpan<byte> packet)
    {
        packet = default;
        PassBlocks();
        if (_seen is null || (First == _seen && _offset == _seenOffset) || _taken > _settleBytes || !First.IsReady(_offset))
        {
            return false;
        }

        packet = First.Bytes.AsSpan(_offset + RecordBytes, First.Length(_offset));
        return true;
    }

    /// <summary>The packet that was peeked at is done with. The reader's.</summary>
    public void Take(int length)
    {
        _offset += RecordSize(length);
        _taken += RecordSize(length);
    }

    private static int RecordSize(int length) => RecordBytes + ((length + RecordBytes - 1) / RecordBytes * RecordBytes);

    private bool Fits(int length) => _bytes == 0 || RecordSize(length) <= maxBytes - _bytes;

    /// <summary>
    /// Whether a writer that waits is to look again: not before half of the queue is free, so that it has something to
    /// do then.
    /// </summary>
    private bool IsRoomy(int length) => _stopped || _bytes == 0 || (Fits(length) && _bytes <= maxBytes / 2);

    /// <summary>Room for a packet; none if there is no memory. Under the lock.</summary>
    private Reservation TryReserve(int length)
    {
        int size = RecordSize(length);
        if (size > _last.Bytes.Length - _last.Used)
        {
            Block next;
            if (size <= BlockBytes && _spare.TryPop(out Block? spare))
            {
                next = spare;
            }
            else
            {
                try
                {
                    next = new(Math.Max(size, BlockBytes));
                }
                catch (OutOfMemoryException)
                {
                    return default;
                }
            }

            _last.Next = next;
            _last = next;
        }

        Reservation reserved = new(_last, _last.Used);
        _last.Begin(_last.Used, length);
        _last.Used += size;
        _bytes += size;
        return reserved;
    }

    private void TellReader()
    {
        if (_readerWaits)
        {
            _readerWaits = false;
            _reader!.Post();
        }
    }

    private void TellWriters()
    {
        for (int i = _waiters.Count - 1; i >= 0; i--)
        {
            Waiter waiter = _waiters[i];
            if (IsRoomy(waiter.Length))
            {
                _waiters.RemoveAt(i);
                waiter.Loop!.Post(waiter.Task!);
            }
        }
    }

    private void StopLocked()
    {
        _stopped = true;
        TellReader();
        TellWriters();
    }

    /// <summary>What was taken makes room. Under the lock.</summary>
    private void GiveRoom()
    {
        foreach (Block empty in _done)
        {
            if (empty.Bytes.Length == BlockBytes && _spare.Count < MostSpareBlocks)
            {
                empty.Next = null;
                empty.Used = 0;
                _spare.Push(empty);
            }
        }

        _done.Clear();
        _bytes -= _taken;
        _taken = 0;
        TellWriters();
    }

    /// <summary>Leaves blocks whose packets were all taken.</summary>
    private void PassBlocks()
    {
        while (_seen is not null && First != _seen && _offset == First.Used)
        {
            _done.Add(First);
            _first = First.Next;
            _offset = 0;
        }
    }

    /// <summary>A writer that waits for room. Under the queue's lock.</summary>
    internal sealed class Waiter
    {
        public EventLoop? Loop { get; set; }

        public LoopTask? Task { get; set; }

        /// <summary>Of the packet that did not fit.</summary>
        public int Length { get; set; }
    }

    /// <summary>Records follow each other. Nothing changes in a block that has a next one but what records contain.</summary>
    private sealed class Block(int capacity)
    {
        public byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(capacity);

        /// <summary>Reserved so far; under the lock as long as the block is the last.</summary>
        public int Used { get; set; }

        public Block? Next { get; set; }

        public int Length(int offset) => Unsafe.As<byte, int>(ref Bytes[offset]);

        public bool IsReady(int offset) => Volatile.Read(ref Unsafe.As<byte, int>(ref Bytes[offset + ReadyOffset])) != 0;

        public void Begin(int offset, int length)
        {
            Unsafe.As<byte, int>(ref Bytes[offset]) = length;
            Unsafe.As<byte, int>(ref Bytes[offset + ReadyOffset]) = 0;
        }

        public void SetReady(int offset) => Volatile.Write(ref Unsafe.As<byte, int>(ref Bytes[offset + ReadyOffset]), 1);
    }

    private readonly record struct Reservation(Block? Block, int Offset);

    [InlineArray(Batch.Size)]
    private struct Reservations
    {
        private Reservation _first;
    }
}
