// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Tools;

namespace Spead2.Soak.Sending;

/// <summary>
/// A sender that wants to break the receiver: random bytes, damaged packets, heaps that are begun and never finished,
/// heaps with as many item pointers or received ranges as possible, stop items, one kind of attack after the other.
/// </summary>
internal sealed class HostileTraffic : Traffic
{
    private const int AddressBits = 40;
    private const ulong Immediate = 1UL << 63;
    private const ulong Header = 0x5304_0305_0000_0000;
    private const int PointerSize = 8;
    private const int LargestDatagram = 9000;
    private const int StepsOfAttack = 40_000;
    private const int HeapsOfFlood = 4;
    private const int PointersOfFlood = 1000;
    private const int StandardPointers = 4;

    private readonly Random _random;
    private readonly byte[] _packet = new byte[LargestDatagram + 100];
    private readonly int _largestHeap;
    private readonly OpenHeap _valid = new(LargestDatagram);
    private int _steps;
    private ulong _cnt = Cnts.FirstHostile;
    private ulong _next;

    /// <summary>Makes the sender.</summary>
    /// <param name="port">The receiver's port.</param>
    /// <param name="bytesPerSecond">How fast; 0 means as fast as possible.</param>
    /// <param name="seed">Seed of what it does.</param>
    /// <param name="largestHeap">What the sender believes to be the receiver's limit.</param>
    public HostileTraffic(int port, double bytesPerSecond, int seed, int largestHeap)
        : base(port, bytesPerSecond)
    {
        _random = new Random(seed);
        _largestHeap = largestHeap;
    }

    protected override void Step()
    {
        int attack = _steps++ / StepsOfAttack % 5;
        int length = attack switch
        {
            0 => RandomKind(),
            1 => UnfinishedHeap(),
            2 => PointerFlood(),
            3 => RangeFlood(),
            _ => DamagedPacket(),
        };
        Send(_packet.AsSpan(0, length));
    }

    private int RandomKind() => _random.Next(7) switch
    {
        0 => RandomBytes(),
        1 => UnfinishedHeap(),
        2 => PointerFlood(),
        3 => RangeFlood(),
        4 => DamagedPacket(),
        5 => ValidHeap(),
        _ => StopItem(),
    };

    private int RandomBytes()
    {
        int length = _random.Next(LargestDatagram);
        _random.NextBytes(_packet.AsSpan(0, length));
        if (_random.Next(2) == 0)
        {
            // Gets past the look at the magic number.
            BinaryPrimitives.WriteUInt64BigEndian(_packet, Header | (uint)_random.Next(ushort.MaxValue));
        }

        return length;
    }

    private int ValidHeap()
    {
        _valid.Begin(++_cnt, _random.Next(1, 1000), kind: 1, isDecoy: true);
        return _valid.Write(_packet);
    }

    private int DamagedPacket() => Damage.Do(_packet, ValidHeap(), _random);

    // Makes the receiver reserve memory for a heap of the largest size, or more, of which only this packet comes.
    private int UnfinishedHeap() =>
        Packet(++_cnt, (ulong)_random.NextInt64(2L * _largestHeap), 0, _random.Next(1, 64), []);

    // Every packet has item pointers that the heap does not have yet.
    private int PointerFlood()
    {
        Span<ulong> pointers = stackalloc ulong[PointersOfFlood];
        foreach (ref ulong pointer in pointers)
        {
            pointer = Pointer(HeapContent.DataId, ++_next & ((1UL << AddressBits) - 1));
        }

        return Packet(FloodedHeap(), (ulong)_largestHeap, _next % (ulong)_largestHeap, 0, pointers);
    }

    // Every packet has one byte, which touches no other.
    private int RangeFlood()
    {
        _next += 2;
        return Packet(FloodedHeap(), (ulong)_largestHeap, _next % (ulong)_largestHeap, 1, []);
    }

    private int StopItem() => Packet(++_cnt, 1, 0, 1, [Pointer(ItemId.StreamControl, 2)]);

    // A few heaps at a time, so that no one pushes another one out.
    private ulong FloodedHeap() => Cnts.FirstHostile + (Cnts.Range / 2) + (ulong)((_steps / StepsOfAttack * HeapsOfFlood)
        + _random.Next(HeapsOfFlood));

    private static ulong Pointer(long id, ulong value) => Immediate | ((ulong)id << AddressBits) | value;

    private int Packet(ulong cnt, ulong heapLength, ulong offset, int payload, ReadOnlySpan<ulong> pointers)
    {
        int position = 0;
        Write(Header | (uint)(StandardPointers + pointers.Length));
        Write(Pointer(ItemId.HeapCnt, cnt));
        Write(Pointer(ItemId.HeapLength, heapLength));
        Write(Pointer(ItemId.PayloadOffset, offset));
        Write(Pointer(ItemId.PayloadLength, (ulong)payload));
        foreach (ulong pointer in pointers)
        {
            Write(pointer);
        }

        return position + payload;

        void Write(ulong value)
        {
            BinaryPrimitives.WriteUInt64BigEndian(_packet.AsSpan(position), value);
            position += PointerSize;
        }
    }
}
