// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Receive;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ItemLifetimeTests : IDisposable
{
    private readonly UnmanagedHeap.Counter _releases = new();
    private readonly ItemGroup _items = new();

    public ItemLifetimeTests()
    {
        _items.Add(Descriptor(0x1000, "a"));
        _items.Add(Descriptor(0x1001, "b"));
    }

    private static TestCaseData<Action<Item>>[] Uses =>
    [
        Use(item => _ = item.Value, "Value"),
        Use(item => _ = item.RawBytes.Length, "RawBytes"),
        Use(item => _ = item.AsSpan<ushort>().Length, "AsSpan"),
        Use(item => _ = item.AsTensor<ushort>().Rank, "AsTensor"),
        Use(item => _ = item.ToArray<ushort>(), "ToArray"),
        Use(item => _ = item.ToScalar<ushort>(), "ToScalar"),
        Use(item => _ = item.ToNumber<int>(), "ToNumber"),
        Use(item => _ = item.ToText(), "ToText"),
        Use(item => _ = item.ToRecord(), "ToRecord"),
        Use(item => _ = item.ToRecords(), "ToRecords"),
        Use(item => item.SetValue(new ushort[4]), "SetValue"),
        Use(item => item.SetElements<ushort>(new ushort[4]), "SetElements"),
    ];

    public void Dispose() => _items.Dispose();

    [Test]
    public void Value_outlives_its_heap()
    {
        Update(0x1000);
        Assert.That(_releases.Value, Is.Zero);
        Assert.That(_items["a"].ToArray<ushort>(), Is.EqualTo(new[] { 0x1000, 2, 3, 4 }));
        Assert.That(_items["a"].AsSpan<ushort>()[3], Is.EqualTo(4));
    }

    [Test]
    public void Update_gives_the_memory_before_back()
    {
        Update(0x1000, 0x1001);
        Update(0x1000);
        Assert.That(_releases.Value, Is.Zero, "the other item keeps it");
        Update(0x1001);
        Assert.That(_releases.Value, Is.EqualTo(1));
    }

    [Test]
    public void Heap_that_updates_twice_is_given_back_once()
    {
        using (Heap heap = Heap(0x1000))
        {
            _items.Update(heap);
            _items.Update(heap);
        }

        Assert.That(_releases.Value, Is.Zero);
        Update(0x1000);
        Assert.That(_releases.Value, Is.EqualTo(1));
    }

    [Test]
    public void Heap_that_is_not_disposed_is_not_given_back()
    {
        using Heap heap = Heap(0x1000);
        _items.Update(heap);
        _items.Dispose();
        Assert.That(_releases.Value, Is.Zero);
    }

    [Test]
    public void Immediates_keep_no_memory()
    {
        _items.Add(ItemDescriptor.FromFormat(0x1002, "c", "", ItemShape.Scalar, new FormatField('u', 48)));
        HeapToSend heap = new();
        heap.AddImmediate(0x1002, 77);
        using (Heap received = PacketHeap.Of(heap, Packets.Flavour48, _releases))
        {
            _items.Update(received);
        }

        Assert.That(_releases.Value, Is.EqualTo(1));
        Assert.That(_items["c"].ToScalar<ulong>(), Is.EqualTo(77));
    }

    [Test]
    public void Value_that_was_kept_throws_after_an_update()
    {
        Update(0x1000);
        ItemValue old = _items["a"].Value;
        Assert.That(old.ToString(), Is.EqualTo("[4096, 2, 3, 4]"));
        Update(0x1000);

        Assert.That(old.ToObject, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(old.ToString, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Array_that_was_copied_stays()
    {
        Update(0x1000);
        ushort[] copy = _items["a"].ToArray<ushort>();
        _items.Dispose();
        Assert.That(copy, Is.EqualTo(new[] { 0x1000, 2, 3, 4 }));
    }

    [TestCaseSource(nameof(Uses))]
    public void Item_of_a_disposed_group_throws(Action<Item> use)
    {
        Update(0x1000);
        Item item = _items["a"];
        _items.Dispose();
        _items.Dispose();

        Assert.That(_releases.Value, Is.EqualTo(1));
        Assert.That(() => use(item), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(item.HasValue, Is.False);
        Assert.That(item.Name, Is.EqualTo("a"));
    }

    [TestCaseSource(nameof(Uses))]
    public void Removed_item_throws_and_lets_go(Action<Item> use)
    {
        Update(0x1000);
        Item item = _items["a"];
        _items.Remove(item);

        Assert.That(_releases.Value, Is.EqualTo(1));
        Assert.That(() => use(item), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Replaced_item_lets_go()
    {
        Update(0x1000);
        _items.Add(Descriptor(0x1000, "other"));
        Assert.That(_releases.Value, Is.EqualTo(1));
    }

    [Test]
    public void Disposed_group_and_disposed_heap_cannot_be_used()
    {
        Heap heap = Heap(0x1000);
        heap.Dispose();
        Assert.That(() => _items.Update(heap), Throws.InstanceOf<ObjectDisposedException>());
        _items.Dispose();
        using Heap other = Heap(0x1000);
        Assert.That(() => _items.Update(other), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => _items.Add(Descriptor(1, "x")), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Value_that_is_refused_keeps_no_memory()
    {
        using ItemGroup strict = new() { IsStrict = true };
        strict.Add(Descriptor(0x1000, "a"));
        strict.Add(Descriptor(0x1001, "b"));
        HeapToSend heap = new();
        heap.AddItem(0x1000, new byte[8], allowImmediate: false);
        heap.AddItem(0x1001, new byte[1], allowImmediate: false);
        using (Heap received = PacketHeap.Of(heap, Packets.Flavour48, _releases))
        {
            Assert.That(() => strict.Update(received), Throws.InstanceOf<HeapFormatException>());
        }

        Assert.That(_releases.Value, Is.EqualTo(1));
    }

    [Test]
    public void Set_value_lets_go_of_the_heap()
    {
        Update(0x1000);
        _items["a"].SetElements<ushort>([9, 8, 7, 6]);
        Assert.That(_releases.Value, Is.EqualTo(1));
        Assert.That(_items["a"].Value.ToString(), Is.EqualTo("[9, 8, 7, 6]"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Group_that_is_dropped_gives_the_memory_back(bool disposesHeap)
    {
        Drop(_releases, disposesHeap);
        for (int i = 0; i < 100 && _releases.Value == 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.That(_releases.Value, Is.EqualTo(1));
    }

    [Test]
    public void Disposed_group_keeps_no_item()
    {
        using ItemGroup items = new();
        WeakReference item = UpdateAndDispose(items, _releases);
        for (int i = 0; i < 100 && item.IsAlive; i++)
        {
            GC.Collect();
        }

        Assert.That(item.IsAlive, Is.False);
        GC.KeepAlive(items);
    }

    [Test]
    public void Update_from_one_thread_while_another_disposes_the_heap_gives_back_once()
    {
        for (int i = 0; i < 200; i++)
        {
            Heap heap = Heap(0x1000);
            Task dispose = Task.Run(heap.Dispose);
            try
            {
                _items.Update(heap);
                Assert.That(_items["a"].ToArray<ushort>(), Is.EqualTo(new[] { 0x1000, 2, 3, 4 }));
            }
            catch (ObjectDisposedException)
            {
                // It was disposed first.
            }

            dispose.Wait();
        }

        _items.Dispose();
        Assert.That(_releases.Value, Is.EqualTo(200));
    }

    private static ItemDescriptor Descriptor(long id, string name) =>
        ItemDescriptor.FromFormat(id, name, "", new(4), new FormatField('u', 16));

    private static TestCaseData<Action<Item>> Use(Action<Item> use, string name) =>
        new TestCaseData<Action<Item>>(use).SetArgDisplayNames(name);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop(UnmanagedHeap.Counter releases, bool disposesHeap)
    {
        ItemGroup items = new();
        items.Add(Descriptor(0x1000, "a"));
        Heap heap = Heap(releases, 0x1000);
        items.Update(heap);
        if (disposesHeap)
        {
            heap.Dispose();
        }

        Assert.That(items["a"].ToArray<ushort>()[0], Is.EqualTo(0x1000));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UpdateAndDispose(ItemGroup items, UnmanagedHeap.Counter releases)
    {
        Item item = items.Add(Descriptor(0x1000, "a"));
        using (Heap heap = Heap(releases, 0x1000))
        {
            items.Update(heap);
        }

        items.Dispose();
        return new(item);
    }

    private static PacketHeap Heap(UnmanagedHeap.Counter releases, params long[] ids)
    {
        HeapToSend heap = new();
        foreach (long id in ids)
        {
            heap.AddItem(id, new byte[] { (byte)(id >> 8), (byte)id, 0, 2, 0, 3, 0, 4 }, allowImmediate: false);
        }

        return PacketHeap.Of(heap, Packets.Flavour48, releases);
    }

    private PacketHeap Heap(params long[] ids) => Heap(_releases, ids);

    private void Update(params long[] ids)
    {
        using Heap heap = Heap(ids);
        _items.Update(heap);
    }
}
