// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>
/// Packets of heaps for chunks, SPEAD-64-40: heap n has 16 bytes of value n and an immediate item 0x1600 of value n, repeated in
/// every packet.
/// </summary>
internal static class ChunkHeap
{
    public const int Size = 16;
    public const int TimeItem = 0x1600;
    public const int StopItem = 6;

    private const int AddressBits = 40;
    private const ulong Immediate = 1UL << 63;

    /// <summary>Packets in memory.</summary>
    public static BufferSourceOptions Source(params IEnumerable<byte[]> packets) =>
        new() { Packets = packets.SelectMany(packet => packet).ToArray() };

    /// <summary>A heap in one packet.</summary>
    public static byte[] Whole(int number) => Part(number, 0, Size);

    /// <summary>A part of a heap.</summary>
    public static byte[] Part(int number, int offset, int length) =>
        Packet(
            (ulong)number, Size, offset, [.. Enumerable.Repeat((byte)number, length)], [Item(TimeItem, (ulong)number)]);

    /// <summary>A heap with a stop item.</summary>
    public static byte[] Stop(int number) => Packet((ulong)number, 1, 0, [0], [Item(StopItem, 2)]);

    /// <summary>The pointer of an immediate item.</summary>
    public static ulong Item(int id, ulong value) => Immediate | (ulong)id << AddressBits | value;

    /// <summary>A packet; a negative heap length is left out.</summary>
    public static byte[] Packet(ulong cnt, long heapLength, int offset, byte[] payload, params ulong[] items)
    {
        ulong[] pointers =
        [
            Item(1, cnt),
            .. heapLength < 0 ? (ulong[])[] : [Item(2, (ulong)heapLength)],
            Item(3, (ulong)offset),
            Item(4, (ulong)payload.Length),
            .. items,
        ];
        byte[] packet = [0x53, 4, 3, 5, 0, 0, 0, (byte)pointers.Length, .. new byte[8 * pointers.Length], .. payload];
        for (int i = 0; i < pointers.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(packet.AsSpan(8 + 8 * i), pointers[i]);
        }

        return packet;
    }
}
