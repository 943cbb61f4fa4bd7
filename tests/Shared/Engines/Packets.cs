// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Testing.Engines;

/// <summary>Packets with known content.</summary>
internal static class Packets
{
    public const int ItemId = 0x1000;

    /// <summary>The packets of one heap with one item of bytes that depend on the heap cnt.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> OfHeap(
        ulong cnt, int size = 64, int maxPacketSize = PacketEncoder.DefaultMaxPacketSize)
    {
        HeapToSend heap = new();
        heap.AddItem(ItemId, Content(cnt, size), allowImmediate: false);
        return Encode(heap, cnt, maxPacketSize);
    }

    /// <summary>The packets of heaps 1, 2, … count.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> OfHeaps(int count, int size = 64) =>
        [.. Enumerable.Range(1, count).SelectMany(cnt => OfHeap((ulong)cnt, size))];

    /// <summary>The packets of a heap that stops the stream.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> OfStop(ulong cnt)
    {
        HeapToSend heap = new();
        heap.AddEnd();
        return Encode(heap, cnt);
    }

    /// <summary>All packets back to back.</summary>
    public static byte[] Concatenate(IEnumerable<ReadOnlyMemory<byte>> packets) =>
        [.. packets.SelectMany(packet => packet.ToArray())];

    /// <summary>The bytes that <see cref="OfHeap"/> sends.</summary>
    public static byte[] Content(ulong cnt, int size)
    {
        byte[] content = new byte[size];
        new Random((int)cnt).NextBytes(content);
        return content;
    }

    /// <summary>The packets of a heap.</summary>
    public static List<ReadOnlyMemory<byte>> Encode(
        HeapToSend heap, ulong cnt, int maxPacketSize = PacketEncoder.DefaultMaxPacketSize)
    {
        PacketEncoder encoder = new(default, maxPacketSize);
        encoder.Begin(heap, cnt);
        List<ReadOnlyMemory<byte>> packets = [];
        while (!encoder.IsFinished)
        {
            byte[] packet = new byte[encoder.MaxPacketSize];
            packets.Add(packet.AsMemory(0, encoder.Write(packet)));
        }

        return packets;
    }
}
