// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Soak.Sending;

/// <summary>
/// A sender of one row of chunks behind a bad network: heaps of four packets with time and row in each, SPEAD-64-40, of which some are
/// lost, repeated or overtaken. Their content follows from time and row.
/// </summary>
internal sealed class ChunkTraffic(int port, int row, double bytesPerSecond, int seed) : Traffic(port, bytesPerSecond)
{
    /// <summary>Item of the time of a heap.</summary>
    public const int TimeItem = 0x1600;

    /// <summary>Item of the row of a heap.</summary>
    public const int RowItem = 0x1601;

    /// <summary>Bytes of a heap.</summary>
    public const int HeapSize = Packets * PayloadSize;

    /// <summary>Times of a chunk.</summary>
    public const int HeapsPerChunk = 16;

    private const int Packets = 4;
    private const int PayloadSize = 256;
    private const int StopItem = 6;
    private const int Pointers = 6;
    private const int PointersStart = 8;
    private const int PayloadStart = PointersStart + (Pointers * sizeof(ulong));
    private const int AddressBits = 40;
    private const ulong Immediate = 1UL << 63;

    // In a thousand packets.
    private const int Losses = 5;
    private const int Repetitions = 5;
    private const int Overtakings = 20;

    private readonly Random _random = new(seed);
    private readonly byte[] _packet = new byte[PayloadStart + PayloadSize];
    private byte[]? _late;
    private long _time;

    /// <summary>Time of the next heap.</summary>
    public long Time => Volatile.Read(ref _time);

    /// <summary>Packets that were not sent.</summary>
    public long Lost { get; private set; }

    /// <summary>Packets that were sent twice.</summary>
    public long Repeated { get; private set; }

    /// <summary>Packets that were sent after the next one.</summary>
    public long Overtaken { get; private set; }

    /// <summary>Whether a heap has the content that it was sent with.</summary>
    public static bool IsRight(ReadOnlySpan<byte> heap, long time, int row)
    {
        for (int i = 0; i < heap.Length; i++)
        {
            if (heap[i] != ByteAt(time, row, i))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Goes on with a time, perhaps much later than the latest. While the sender rests.</summary>
    public void BeginAt(long time) => Volatile.Write(ref _time, time);

    /// <summary>Sends a heap with a stop item. While the sender rests.</summary>
    public void SendStop()
    {
        Write(Time, 0);
        Put(Pointers - 1, StopItem, 2);
        Send(_packet);
    }

    protected override void Step()
    {
        for (int number = 0; number < Packets; number++)
        {
            Write(_time, number);
            SendOrNot();
        }

        // Now and then a few are missing, and seldom whole chunks.
        int gap = _random.Next(1000);
        Volatile.Write(ref _time, _time + 1 + (gap == 0 ? 10 * HeapsPerChunk : gap < 5 ? 3 : 0));
    }

    protected override void Flush() => SendLate();

    private static byte ByteAt(long time, int row, int offset) => (byte)((time * 31) + (row * 101) + offset + (offset / PayloadSize));

    private void SendOrNot()
    {
        int what = _random.Next(1000);
        if (what < Losses)
        {
            Lost++;
            return;
        }

        if (what < Losses + Overtakings && _late is null)
        {
            Overtaken++;
            _late = [.. _packet];
            return;
        }

        Send(_packet);
        if (what >= 1000 - Repetitions)
        {
            Repeated++;
            Send(_packet);
        }

        SendLate();
    }

    private void SendLate()
    {
        if (_late is not null)
        {
            Send(_late);
            _late = null;
        }
    }

    private void Write(long time, int number)
    {
        ReadOnlySpan<byte> header = [0x53, 4, 3, 5, 0, 0, 0, Pointers];
        header.CopyTo(_packet);
        int offset = number * PayloadSize;
        Put(0, 1, time);
        Put(1, 2, HeapSize);
        Put(2, 3, offset);
        Put(3, 4, PayloadSize);
        Put(4, TimeItem, time);
        Put(5, RowItem, row);
        for (int i = 0; i < PayloadSize; i++)
        {
            _packet[PayloadStart + i] = ByteAt(time, row, offset + i);
        }
    }

    private void Put(int index, int item, long value) => BinaryPrimitives.WriteUInt64BigEndian(
        _packet.AsSpan(PointersStart + (index * sizeof(ulong))), Immediate | (ulong)item << AddressBits | (ulong)value);
}
