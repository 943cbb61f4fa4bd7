// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>What an update costs when nothing but values changes.</summary>
public sealed class ItemAllocationTests
{
    private const int Heaps = 1000;
    private const int Elements = 256;
    private const long MostBytesPerHeap = 200;

    [TestCase("<f4", ByteOrder.Native)]
    [TestCase(">f4", ByteOrder.Native)]
    public void Update_allocates_little_and_reading_nothing(string type, ByteOrder order)
    {
        using ItemGroup items = new();
        items.Add(ItemDescriptor.FromNumPy(0x1000, "a", "", new(Elements), ItemType.FromNumPy(type)));
        items.Add(ItemDescriptor.FromFormat(0x1001, "b", "", ItemShape.Scalar, new FormatField('u', 48)));
        HeapToSend heap = new();
        heap.AddItem(0x1000, new byte[Elements * sizeof(float)]);
        heap.AddImmediate(0x1001, 77);
        List<byte[]> packets = Packets.Encode(heap, 1, Packets.Flavour48);
        Heap[] received = [.. Enumerable.Range(0, Heaps).Select(_ => PacketHeap.Of(packets))];

        // What the engine allocates for the raw items is part of it, but not what the test's engine does for that.
        Array.ForEach(received, heap => Assert.That(heap.Items, Has.Length.EqualTo(2)));
        Heap[] measured = received[1..];
        float sum = Run(items, received[..1], order);
        long before = GC.GetAllocatedBytesForCurrentThread();
        sum += Run(items, measured, order);
        long perHeap = (GC.GetAllocatedBytesForCurrentThread() - before) / Heaps;

        Assert.That(sum, Is.Zero);
        Assert.That(perHeap, Is.LessThanOrEqualTo(MostBytesPerHeap - RawItemBytes));
        Assert.That(perHeap, Is.Zero, "an update itself allocates nothing");
    }

    [Test]
    public void Records_as_structs_are_compared_once()
    {
        using ItemGroup items = new();
        Item item = items.Add(ItemDescriptor.FromNumPy(
            0x1000, "a", "", new(Elements), ItemType.FromNumPy("[('f0', '<u4'), ('f1', '<u4')]")));
        item.SetElements<Pair>([.. Enumerable.Repeat(new Pair { First = 1, Second = 2 }, Elements)]);
        _ = item.AsSpan<Pair>();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Pair last = item.AsSpan<Pair>()[^1];
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(last, Is.EqualTo(new Pair { First = 1, Second = 2 }));
        Assert.That(allocated, Is.Zero);
    }

    // An array of two raw items with its header.
    private static unsafe long RawItemBytes => (2 * sizeof(nint)) + (2L * Unsafe.SizeOf<RawItem>());

    private static float Run(ItemGroup items, Heap[] heaps, ByteOrder order)
    {
        float sum = 0;
        foreach (Heap heap in heaps)
        {
            using (heap)
            {
                foreach (Item item in items.Update(heap))
                {
                    sum += item.Id == 0x1000 ? item.AsSpan<float>(order)[0] : item.ToScalar<ulong>() - 77;
                }
            }
        }

        return sum;
    }

    private record struct Pair
    {
        public uint First;
        public uint Second;
    }
}
