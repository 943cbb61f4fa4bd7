// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

public sealed class HeapTests
{
    private const int HeapSize = 1 << 20;

    [Test]
    public void Heap_outlives_its_stream()
    {
        using Heap heap = ReadOne();

        Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content(1, HeapSize)), Is.True);
        Assert.That(heap.Items[0].Bytes.Length, Is.EqualTo(HeapSize));
    }

    [Test]
    public unsafe void Payload_is_the_memory_that_was_received_into()
    {
        using Heap heap = ReadOne();

        fixed (byte* first = heap.Payload.Span, again = heap.Payload.Span, item = heap.Items[0].Bytes.Span)
        {
            Assert.That((nint)again, Is.EqualTo((nint)first));
            Assert.That((nint)item, Is.EqualTo((nint)first));
        }
    }

    [Test]
    public void Dispose_gives_the_memory_back()
    {
        ulong before = EngineMemory.Bytes;
        Heap heap = ReadOne();
        Assert.That(EngineMemory.Bytes, Is.GreaterThanOrEqualTo(before + HeapSize));

        heap.Dispose();
        Assert.That(EngineMemory.Bytes, Is.EqualTo(before));
    }

    [Test]
    public void Heap_that_nobody_disposes_is_given_back_by_the_finalizer()
    {
        ulong before = EngineMemory.Bytes;
        Abandon();
        Assert.That(EngineMemory.Bytes, Is.GreaterThanOrEqualTo(before + HeapSize));

        Poll.Until(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return EngineMemory.Bytes == before;
            },
            "the finalizer has given the heap back");
    }

    [Test]
    public void Unknown_length_is_minus_one_and_identifiers_may_be_wide()
    {
        // SPEAD-64-8, without HEAP_LENGTH: identifiers have 55 bits.
        byte[] packet = Convert.FromHexString(
            "5304070100000005" + "8000000000000101" + "8000000000000300" + "8000000000000404" + "9234567890abcd2a" +
            "0000000000100000" + "61626364");
        using ReceiveStream stream = new(new ReceiveStreamOptions { BugCompat = BugCompat.ShapeBit1 });
        stream.AddDatagramReader([packet]);

        using Heap heap = stream.Read();
        Assert.Multiple(() =>
        {
            Assert.That(heap.HeapLength, Is.EqualTo(-1));
            Assert.That(heap.ReceivedLength, Is.EqualTo(4));
            Assert.That(heap.IsComplete, Is.False);
            Assert.That(heap.IsContiguous, Is.True);
            Assert.That(heap.Flavour, Is.EqualTo(new Flavour(8, BugCompat.ShapeBit1)));
            Assert.That(heap.Items.Select(item => item.Id), Is.EqualTo(new[] { 0x1000, 0x1234567890abcd }));
            Assert.That(heap.Items[1].Value, Is.EqualTo(0x2a));
            Assert.That(heap.Items[1].Bytes.ToArray(), Is.EqualTo(new byte[] { 0x2a }));
        });
    }

    private static Heap ReadOne()
    {
        using ReceiveStream stream = new();
        stream.AddDatagramReader(Packets.OfHeap(1, HeapSize));
        return stream.Read();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Abandon() => _ = ReadOne();
}
