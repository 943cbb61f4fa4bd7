// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HeapGeneratorTests : IDisposable
{
    private readonly ItemGroup _items = new();
    private readonly HeapGenerator _generator;
    private readonly Item _a;

    public HeapGeneratorTests()
    {
        _generator = new(_items, Packets.Flavour48);
        _a = Add(0x1000, "a");
        Add(0x1001, "b");
        _a.SetValue(1);
    }

    public void Dispose() => _items.Dispose();

    [Test]
    public void Stale_descriptors_and_values_are_sent_once()
    {
        Assert.That(Ids(_generator.Next()), Is.EqualTo(new[] { 5L, 5, 0x1000 }));
        Assert.That(Ids(_generator.Next()), Is.Empty);

        _a.SetValue(1);
        Assert.That(Ids(_generator.Next()), Is.EqualTo(new[] { 0x1000L }), "the version counts, not the value");
        _items["b"].SetValue(2);
        Assert.That(Ids(_generator.Next()), Is.EqualTo(new[] { 0x1001L }));
    }

    [Test]
    public void Values_begin_at_multiples_of_the_alignment()
    {
        _a.SetValue(2);
        _items["b"].SetValue(3);
        Item text = _items.Add(
            ItemDescriptor.FromFormat(0x1002, "t", "", ItemShape.Vector, new FormatField('c', 8)));
        text.SetValue("some text");
        Item more = _items.Add(
            ItemDescriptor.FromFormat(0x1003, "u", "", ItemShape.Vector, new FormatField('c', 8)));
        more.SetValue("more");
        HeapToSend heap = new HeapGenerator(_items, Packets.Flavour48, alignment: 64).Next();

        long offset = 0;
        foreach (ItemToSend item in heap.Items.Where(item => !item.IsImmediateIn(addressBytes: 6)))
        {
            Assert.That(item.Id is ItemId.Descriptor or ItemId.Null || offset % 64 == 0, Is.True, $"{item.Id:x}");
            offset += item.Data.Length;
        }

        using ItemGroup received = new();
        using Heap arrived = PacketHeap.Of(heap, Packets.Flavour48);
        Assert.That(received.Update(arrived).Failed, Is.Empty);
        Assert.That(received["t"].ToText(), Is.EqualTo("some text"), "padding is no part of it");
        Assert.That(received["u"].ToText(), Is.EqualTo("more"));
        Assert.That(
            () => new HeapGenerator(_items, default, alignment: 48), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => new HeapGenerator(_items, default, alignment: 8192), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Item_in_the_place_of_another_is_sent_with_its_descriptor()
    {
        _generator.Next();
        Add(0x1000, "other").SetValue(1);
        Assert.That(Ids(_generator.Next()), Is.EqualTo(new[] { 5L, 0x1000 }));
    }

    [Test]
    public void Descriptors_are_sent_again_after_some_heaps()
    {
        HeapGenerator generator = new(_items, Packets.Flavour48, descriptorFrequency: 3);
        int[] descriptors =
            [.. Enumerable.Range(0, 7).Select(_ => generator.Next().Items.Count(item => item.Id == 5))];
        Assert.That(descriptors, Is.EqualTo(new[] { 2, 0, 0, 2, 0, 0, 2 }));
    }

    [Test]
    public void All_and_none_do_as_they_say()
    {
        Assert.That(Ids(_generator.Next(ItemSelection.None, ItemSelection.None)), Is.Empty);
        Assert.That(Ids(_generator.Next(ItemSelection.None, ItemSelection.Stale)), Is.EqualTo(new[] { 0x1000L }));
        Assert.That(Ids(_generator.Next(ItemSelection.Stale, ItemSelection.None)), Is.EqualTo(new[] { 5L, 5 }));
        Assert.That(Ids(_generator.Next(ItemSelection.All, ItemSelection.All)), Is.EqualTo(new[] { 5L, 5, 0x1000 }));
    }

    [Test]
    public void Heap_stays_as_it_is_when_items_change()
    {
        HeapToSend heap = _generator.Next();
        List<byte[]> before = Packets.Encode(heap, 1, Packets.Flavour48);
        _a.SetValue(2);
        _items.Dispose();
        Assert.That(Packets.Encode(heap, 1, Packets.Flavour48), Is.EqualTo(before));
    }

    [Test]
    public void Received_items_can_be_sent_on()
    {
        ItemGroup relay = new();
        HeapToSend heap;
        using (Heap received = PacketHeap.Of(_generator.Next(), Packets.Flavour48))
        {
            relay.Update(received);
            heap = new HeapGenerator(relay, Packets.Flavour40).Next();
            relay.Dispose();
        }

        using ItemGroup last = new();
        using Heap again = PacketHeap.Of(heap, Packets.Flavour40);
        last.Update(again);
        Assert.That(last["a"].ToScalar<ushort>(), Is.EqualTo(1));
        Assert.That(last["b"].HasValue, Is.False);
    }

    [Test]
    public void Descriptor_that_does_not_fit_the_flavour_throws()
    {
        _items.Add(ItemDescriptor.FromFormat(1, "x", "", new(70000), new FormatField('u', 8)));
        Assert.That(() => new HeapGenerator(_items, new Flavour(16)).Next(), Throws.ArgumentException);
        _items.Add(ItemDescriptor.FromFormat(1, "x", "", new(7), new FormatField('u', 70000)));
        Assert.That(() => new HeapGenerator(_items, Packets.Flavour48).Next(), Throws.ArgumentException);
        _items.Add(ItemDescriptor.FromFormat(1 << 15, "x", "", new(7), new FormatField('u', 7)));
        Assert.That(() => new HeapGenerator(_items, Packets.Flavour48).Next(), Throws.ArgumentException);
        Assert.That(() => new HeapGenerator(_items, default, -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static long[] Ids(HeapToSend heap) => [.. heap.Items.Select(item => item.Id)];

    private Item Add(long id, string name) =>
        _items.Add(ItemDescriptor.FromFormat(id, name, "", ItemShape.Scalar, new FormatField('u', 16)));
}
