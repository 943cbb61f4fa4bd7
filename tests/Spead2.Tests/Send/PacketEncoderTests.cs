// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tests.Send;

/// <summary>What the encoder refuses, and how it is used more than once.</summary>
[TestFixture]
public sealed class PacketEncoderTests
{
    [TestCase(56, 56)]
    [TestCase(63, 56)]
    [TestCase(1472, 1472)]
    [TestCase(1479, 1472)]
    public void Packet_size_is_rounded_down_to_a_multiple_of_8(int asked, int size) =>
        Assert.That(new PacketEncoder(default, asked).MaxPacketSize, Is.EqualTo(size));

    [TestCase(55)]
    [TestCase(0)]
    [TestCase(-8)]
    public void Packet_size_without_room_for_an_item_pointer_and_payload_is_refused(int size) =>
        Assert.That(() => new PacketEncoder(default, size), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Heap_cnt_that_does_not_fit_the_flavour_is_refused()
    {
        var encoder = new PacketEncoder(Packets.Flavour40);

        Assert.That(() => encoder.Begin(new HeapToSend(), 1UL << 40), Throws.ArgumentException);
        Assert.That(() => encoder.Begin(new HeapToSend(), (1UL << 40) - 1), Throws.Nothing);
    }

    [TestCase(-1)]
    [TestCase(1L << 23)]
    public void Identifier_that_does_not_fit_the_flavour_is_refused(long id)
    {
        var heap = new HeapToSend();
        heap.AddImmediate(id, 0);

        Assert.That(() => new PacketEncoder(Packets.Flavour40).Begin(heap, 1), Throws.ArgumentException);
    }

    [Test]
    public void Immediate_that_does_not_fit_the_flavour_is_refused()
    {
        var heap = new HeapToSend();
        heap.AddImmediate(0x1000, 1UL << 40);

        Assert.That(() => new PacketEncoder(Packets.Flavour40).Begin(heap, 1), Throws.ArgumentException);
        Assert.That(() => new PacketEncoder(Packets.Flavour48).Begin(heap, 1), Throws.Nothing);
    }

    [Test]
    public void Payload_that_cannot_be_addressed_is_refused()
    {
        var heap = new HeapToSend();
        heap.AddItem(0x1000, new byte[256]);

        Assert.That(() => new PacketEncoder(new Flavour(8)).Begin(heap, 1), Throws.ArgumentException);
        Assert.That(() => new PacketEncoder(new Flavour(16)).Begin(heap, 1), Throws.Nothing);
    }

    [Test]
    public void Items_that_the_encoder_writes_itself_are_refused([Values(1, 2, 3, 4)] long id)
    {
        var heap = new HeapToSend();

        Assert.That(() => heap.AddImmediate(id, 0), Throws.ArgumentException);
        Assert.That(() => heap.AddItem(id, new byte[9]), Throws.ArgumentException);
        Assert.That(heap.Items, Is.Empty);
    }

    [Test]
    public void Exactly_as_many_items_as_fit_in_a_packet_cannot_be_repeated()
    {
        var encoder = new PacketEncoder(Packets.Flavour48, maxPacketSize: 64, repeatPointers: true);
        var heap = new HeapToSend();
        heap.AddImmediate(0x1000, 1);

        Assert.That(() => encoder.Begin(heap, 1), Throws.Nothing);
        heap.AddImmediate(0x1001, 2);
        Assert.That(() => encoder.Begin(heap, 1), Throws.ArgumentException);
    }

    [Test]
    public void Refused_heap_leaves_the_heap_before_as_it_was()
    {
        var encoder = new PacketEncoder(Packets.Flavour40, maxPacketSize: 64);
        var heap = new HeapToSend();
        heap.AddItem(0x1000, new byte[100]);
        encoder.Begin(heap, 7);

        Assert.That(() => encoder.Begin(heap, 1UL << 40), Throws.ArgumentException);
        Assert.That(Packets.EncodeRest(encoder), Is.EqualTo(Packets.Encode(heap, 7, Packets.Flavour40, 64)));
    }

    [Test]
    public void Destination_that_is_too_short_consumes_nothing()
    {
        var encoder = new PacketEncoder(Packets.Flavour40, maxPacketSize: 64);
        var heap = new HeapToSend();
        heap.AddItem(0x1000, new byte[100]);
        encoder.Begin(heap, 7);

        Assert.That(() => encoder.Write(new byte[63]), Throws.ArgumentException);
        Assert.That(() => encoder.WriteHead(new byte[47], []), Throws.ArgumentException);
        Assert.That(Packets.EncodeRest(encoder), Is.EqualTo(Packets.Encode(heap, 7, Packets.Flavour40, 64)));
    }

    [Test]
    public void Finished_encoder_writes_nothing()
    {
        var encoder = new PacketEncoder(Packets.Flavour40);
        byte[] buffer = new byte[encoder.MaxPacketSize];

        Assert.That(encoder.IsFinished, Is.True, "before the first heap");
        encoder.Begin(new HeapToSend(), 1);
        Assert.That(encoder.IsFinished, Is.False);
        Assert.That(encoder.Write(buffer), Is.EqualTo(49), "standard part, NULL, one byte of padding");
        Assert.That(encoder.IsFinished, Is.True);
        Assert.That(encoder.Write(buffer), Is.Zero);
        Assert.That(encoder.WriteHead(buffer, []), Is.Zero);
    }

    [TestCase(0, 2, Description = "one byte too few: padding, and a NULL item pointer")]
    [TestCase(1, 1)]
    [TestCase(2, 1)]
    public void Heap_with_just_enough_payload_is_not_padded(int length, int pointers)
    {
        var heap = new HeapToSend();
        heap.AddItem(0x1000, new byte[length], allowImmediate: false);

        Assert.That(
            new NaiveHeap(Packets.Encode(heap, 1, Packets.Flavour40)).PointersPerPacket, Is.EqualTo(new[] { pointers }));
    }

    [Test]
    public void Heap_can_be_sent_again_and_cleared_and_filled_again()
    {
        var heap = new HeapToSend();
        heap.AddItem(0x1000, new byte[10]);
        List<byte[]> first = Packets.Encode(heap, 1, Packets.Flavour40);

        Assert.That(Packets.Encode(heap, 1, Packets.Flavour40), Is.EqualTo(first));
        heap.Clear();
        heap.AddEnd();
        Assert.That(
            new NaiveHeap(Packets.Encode(heap, 2, Packets.Flavour40)).Immediates(), Is.EqualTo(new[] { (6L, 2UL) }));
    }

    [Test]
    public void Encoding_does_not_allocate_memory()
    {
        var encoder = new PacketEncoder(Packets.Flavour40, maxPacketSize: 512);
        var heap = new HeapToSend();
        heap.AddItem(0x1000, new byte[100_000]);
        heap.AddItem(0x1001, new byte[3]);
        byte[] buffer = new byte[encoder.MaxPacketSize];
        var slices = new List<ReadOnlyMemory<byte>>(capacity: 8);
        EncodeOnce();
        long before = GC.GetAllocatedBytesForCurrentThread();

        EncodeOnce();

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void EncodeOnce()
        {
            encoder.Begin(heap, 1);
            while (encoder.Write(buffer) > 0)
            {
            }

            encoder.Begin(heap, 2);
            while (encoder.WriteHead(buffer, slices) > 0)
            {
            }
        }
    }
}
