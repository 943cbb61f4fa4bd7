// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>The limits of a heap's parts: reached, they hold; what brings nothing new is never too much.</summary>
public sealed class LimitTests
{
    // Most ranges, and most item pointers, of a heap.
    private const int Parts = 1 << 20;

    private const int PacketItems = 8000;

    private const int Item = 0x1000;

    // More than a packet brings, which would be a heap of its own.
    private const int ItemHeapLength = 2;

    [Test]
    public void Heap_of_as_many_ranges_as_allowed_completes()
    {
        const int Length = 2 * Parts + 2;
        using MemoryStream packets = new();
        for (int i = 0; i < Parts; i++)
        {
            AddByte(packets, Length, 2 * i + 1);
        }

        // One range more, then what joins them, but for the first.
        AddByte(packets, Length, 2 * Parts + 1);
        for (int i = 0; i < Parts; i++)
        {
            AddByte(packets, Length, 2 * i);
        }

        AddByte(packets, Length, 2 * Parts);
        AddByte(packets, Length, 2 * Parts + 1);

        using ReceiveStream stream = new();
        stream.AddBufferReader(packets.ToArray());
        using Heap heap = stream.Read();
        Assert.Multiple(() =>
        {
            Assert.That(heap.IsComplete);
            Assert.That(heap.Payload.Length, Is.EqualTo(Length));
            Assert.That(heap.Payload.ToArray().Select((value, i) => value == (byte)i).All(same => same));
            Assert.That(stream.Statistics.TooLarge, Is.EqualTo(1));
        });
    }

    [Test]
    public void Limit_of_item_pointers_counts_what_is_new()
    {
        using MemoryStream packets = new();
        for (int first = 0; first < Parts - 1; first += PacketItems)
        {
            AddItems(packets, Enumerable.Range(first, Math.Min(PacketItems, Parts - 1 - first)));
        }

        // Two more are one too many; then one, which is there twice, among many that are known; then nothing new.
        AddItems(packets, [Parts, Parts + 1]);
        AddItems(packets, Enumerable.Range(0, PacketItems).Select(i => i % 100 == 50 ? Parts - 1 : i * 130));
        AddItems(packets, [Parts]);
        AddItems(packets, Enumerable.Range(0, PacketItems));
        AddItems(packets, Enumerable.Range(Parts - PacketItems, PacketItems));
        AddByte(packets, ItemHeapLength, 0);
        AddByte(packets, ItemHeapLength, 1);

        using ReceiveStream stream = new();
        stream.AddBufferReader(packets.ToArray());
        using Heap heap = stream.Read();
        ulong[] expected = [.. Enumerable.Range(0, Parts).Select(Value).Order()];
        int index = 0;
        bool same = true;
        foreach (RawItem item in heap.Items)
        {
            same &= index < Parts && item.Id == Item && item.Value == expected[index];
            index++;
        }

        Assert.Multiple(() =>
        {
            Assert.That(stream.Statistics.TooLarge, Is.EqualTo(2));
            Assert.That(index, Is.EqualTo(Parts));
            Assert.That(same, "every item is there, in the order of the values");
        });
    }

    /// <summary>In no order, so that they have to be sorted.</summary>
    private static ulong Value(int number) => (ulong)number * 0x9e3779b97f4b & 0xffffffffffff;

    private static void AddItems(MemoryStream packets, IEnumerable<int> numbers) => AddPacket(
        packets, ItemHeapLength, 0, 0, [.. numbers.Select(number => 0x8000000000000000 | (ulong)Item << 48 | Value(number))]);

    private static void AddByte(MemoryStream packets, int heapLength, int offset)
    {
        AddPacket(packets, heapLength, offset, 1, []);
        packets.WriteByte((byte)offset);
    }

    private static void AddPacket(MemoryStream packets, int heapLength, int offset, int payload, ulong[] items)
    {
        AddWord(packets, 0x5304020600000004 + (ulong)items.Length);
        AddWord(packets, 0x8001000000000001);
        AddWord(packets, 0x8002000000000000 | (uint)heapLength);
        AddWord(packets, 0x8003000000000000 | (uint)offset);
        AddWord(packets, 0x8004000000000000 | (uint)payload);
        foreach (ulong item in items)
        {
            AddWord(packets, item);
        }
    }

    private static void AddWord(MemoryStream packets, ulong word)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, word);
        packets.Write(bytes);
    }
}
