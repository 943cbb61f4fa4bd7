// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>DESCRIPTOR items of other packets than a plain sender writes.</summary>
public sealed class DescriptorPacketTests
{
    private static readonly byte[] A = RawDescriptor.Encode(0x1000, "a", "u\0\u0008");
    private static readonly byte[] B = RawDescriptor.Encode(0x1001, "b", "u\0\u0008");
    private static readonly byte[] Stop = Packets.Encode(StopHeap(), 1, Packets.Flavour48).Single();

    private static readonly List<byte[]> Several =
        Packets.Encode(RawDescriptor.Heap(0x1000, "a", "u\0\u0008", ""), 3, Packets.Flavour48, maxPacketSize: 64);

    private static readonly TestCaseData[] Cases =
    [
        Case("one", "a", A),
        Case("two heaps in one item", "a b", [.. A, .. B]),
        Case("two items", "a b", A, B),
        Case("one heap in several packets", "a", Join(Several)),
        Case("junk at the end", "a", [.. A, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        Case("junk at the beginning", "b", [0, .. A], B),
        Case("cut off", "", A[..^1]),
        Case("item pointers without an identifier", "b", [.. A[..2], 0, 8, .. A[4..]], B),
        Case("item pointers without an address", "b", [.. A[..2], 8, 0, .. A[4..]], B),
        Case("packets in another order are not taken", "b", [.. Join(Several.AsEnumerable().Reverse()), .. B]),
        Case("a packet twice", "a", Join([Several[0], .. Several])),
        Case("a heap is pushed out before it is complete", "b", [.. Several[0], .. B, .. Join(Several.Skip(1))]),
        Case("length is not announced", "a", Join(Several.Select(WithoutLength))),
        Case("length is not announced and the first packet is missing", "", Join(
            Several.Skip(1).Select(WithoutLength))),
        Case("length is not announced and the last address is not reached", "", Join(
            Packets.Encode(RawDescriptor.Heap(0x1000, new('n', 90), "u\0\u0008"), 3, Packets.Flavour48, 64)
                .Take(3).Select(WithoutLength))),
        Case("other flavour", "a", Packets.Encode(
            RawDescriptor.Heap(0x1000, "a", "u\0\0\u0008"), 1, Packets.Flavour40).Single()),
        Case("stop ends all descriptors", "a", A, Stop, B),
        Case("stop ends the item", "a", [.. A, .. Stop, .. B]),
        Case("without identifier", "b", RawDescriptor.Encode(0, "a", "u\0\u0008"), B),
    ];

    // Items of which something is ignored.
    private static readonly TestCaseData[] Ignored =
    [
        Case("one", "0", A),
        Case("stop", "0", A, Stop, B),
        Case("a packet twice", "0", Join([Several[0], .. Several])),
        Case("too large, with more packets after it", "0", [
            .. Join(Packets.Encode(RawDescriptor.Heap(0x1000, new('n', 1 << 20), "u\0\u0008"), 3, Packets.Flavour48, 1 << 16)), .. B,
        ]),
        Case("junk at the end", "1 are no packet", [.. A, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        Case("cut off", "1 are no packet", A[..^1]),
        Case("two items", "2 are no packet", A[..^1], B, B[..^1]),
        Case("without identifier", "1 does not say which", RawDescriptor.Encode(0, "a", "u\0\u0008"), B),
        Case("several in one item", "1 does not say which", [
            .. RawDescriptor.Encode(0, "a", "u\0\u0008"), .. RawDescriptor.Encode(0, "b", "u\0\u0008"), .. B,
        ]),
        Case("the last packet is missing", "1 part of it is missing", Join(Several.SkipLast(1))),
        Case("the first packet is missing", "1 part of it is missing", Join(Several.Skip(1))),
        Case("pushed out", "1 part of it is missing", [.. Several[0], .. B]),
    ];

    [TestCaseSource(nameof(Ignored))]
    public void What_is_no_descriptor_is_counted_and_logged(string expected, byte[][] descriptors)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(descriptors);
        RecordingLogger logger = new();
        using ItemGroup items = new(logger) { IsStrict = descriptors is not [{ Length: > 1 << 20 }] };
        HeapToSend heap = new();
        Array.ForEach(descriptors, descriptor => heap.AddDescriptor(descriptor));
        using Heap received = PacketHeap.Of(
            [.. Packets.Encode(heap, 1, Packets.Flavour48, maxPacketSize: 1 << 16)]);
        items.Update(received);

        string[] parts = expected.Split(' ', 2);
        Assert.That(items.IgnoredDescriptors.ToString(CultureInfo.InvariantCulture), Is.EqualTo(parts[0]));
        Assert.That(logger.Lines, expected == "0" ? Has.None.Contains("is ignored") : Has.Some.Contains(parts[^1]));
    }

    [Test]
    public void Descriptor_that_is_an_immediate_is_counted_and_logged()
    {
        using ItemGroup items = new();
        HeapToSend heap = new();
        heap.AddImmediate(ItemId.Descriptor, 7);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);

        Assert.That(items.Update(received).Failed, Is.Empty);
        Assert.That(items.IgnoredDescriptors, Is.EqualTo(1));
    }

    [TestCaseSource(nameof(Cases))]
    public void Descriptors_are_found(string names, byte[][] descriptors)
    {
        ArgumentNullException.ThrowIfNull(descriptors);
        using ItemGroup items = new();
        HeapToSend heap = new();
        Array.ForEach(descriptors, descriptor => heap.AddDescriptor(descriptor));
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
        items.Update(received);

        Assert.That(string.Join(' ', items.Select(item => item.Name)), Is.EqualTo(names));
        Assert.That(items.Select(item => item.Type.ToString()), Is.All.EqualTo("|u1"));
    }

    [Test]
    public void Descriptor_in_an_item_pointer_and_parts_in_item_pointers_are_nothing_special()
    {
        HeapToSend inner = new();
        inner.AddImmediate(ItemId.DescriptorId, 0x1000);
        inner.AddImmediate(ItemId.DescriptorName, 0x61);
        inner.AddImmediate(0x77, 1);
        inner.AddItem(ItemId.DescriptorFormat, "u\0\u0008"u8.ToArray(), allowImmediate: false);
        HeapToSend heap = new();
        heap.AddImmediate(ItemId.Descriptor, 7);
        heap.AddDescriptor(Packets.Encode(inner, 1, Packets.Flavour48).Single());
        using ItemGroup items = new();
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
        items.Update(received);

        Assert.That(items.Single().Name, Is.EqualTo("\0\0\0\0\0a"), "leading zeros belong to it");
    }

    [Test]
    public void Special_pointers_that_packets_repeat_are_no_parts_of_a_descriptor_and_take_no_memory()
    {
        // More of them than a descriptor may have item pointers, which are 1,048,576.
        const int packets = 17;
        const int repeated = 64_000;
        const long mostBytes = 1 << 20;
        byte[] descriptor = Join(Enumerable.Range(0, packets).Select(i => PacketOfAByte(i, packets, repeated)));
        HeapToSend heap = new();
        heap.AddDescriptor(descriptor);
        using ItemGroup items = new();
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
        received.Items.AsSpan();

        long before = GC.GetAllocatedBytesForCurrentThread();
        items.Update(received);
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(items.Single().Name, Is.EqualTo(new string('n', packets)));
        Assert.That(bytes, Is.LessThan(mostBytes));
    }

    // Its pointers begin with the heap's own, so that the many HEAP_CNT behind them are not among the leading ones.
    private static byte[] PacketOfAByte(int offset, int heapLength, int repeated)
    {
        const int headerSize = 8;
        const ulong immediate = 1UL << 63;
        ulong[] pointers =
        [
            immediate | ((ulong)ItemId.DescriptorId << 48) | 0x1000,
            immediate | ((ulong)ItemId.DescriptorFormat << 48) | 0x750008_750008, // u8, u8
            (ulong)ItemId.DescriptorName << 48,
            immediate | ((ulong)ItemId.HeapLength << 48) | (uint)heapLength,
            immediate | ((ulong)ItemId.PayloadOffset << 48) | (uint)offset,
            immediate | ((ulong)ItemId.PayloadLength << 48) | 1,
            .. Enumerable.Repeat(immediate | ((ulong)ItemId.HeapCnt << 48) | 7, repeated),
        ];
        byte[] packet = new byte[headerSize + (pointers.Length * sizeof(ulong)) + 1];
        BinaryPrimitives.WriteUInt64BigEndian(packet, 0x5304020600000000UL | (uint)pointers.Length);
        for (int i = 0; i < pointers.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(packet.AsSpan(headerSize + (i * sizeof(ulong))), pointers[i]);
        }

        packet[^1] = (byte)'n';
        return packet;
    }

    private static TestCaseData Case(string title, string names, params byte[][] descriptors) =>
        new TestCaseData(names, descriptors).SetArgDisplayNames(title);

    private static byte[] Join(IEnumerable<byte[]> packets) => [.. packets.SelectMany(packet => packet)];

    private static HeapToSend StopHeap()
    {
        HeapToSend heap = RawDescriptor.Heap(0x1002, "stop", "u\0\u0008");
        heap.AddEnd();
        return heap;
    }

    // HEAP_LENGTH becomes an immediate NULL.
    private static byte[] WithoutLength(byte[] packet)
    {
        byte[] changed = [.. packet];
        BinaryPrimitives.WriteUInt16BigEndian(changed.AsSpan(16), 0x8000);
        return changed;
    }
}
