// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ItemGroupTests : IDisposable
{
    private static readonly FormatField U16 = new('u', 16);

    private readonly RecordingLogger _logger = new();
    private ItemGroup _items;

    public ItemGroupTests()
    {
        _items = new(_logger);
    }

    public void Dispose() => _items.Dispose();

    [Test]
    public void Items_without_names_stay_beside_each_other()
    {
        using ItemGroup items = new();
        Item first = items.Add(ItemDescriptor.FromFormat(0x1000, "", "", ItemShape.Scalar, new FormatField('u', 8)));
        Item second = items.Add(ItemDescriptor.FromFormat(0x1001, "", "", ItemShape.Scalar, new FormatField('u', 8)));

        Assert.That(items, Is.EquivalentTo(new[] { first, second }));
        Assert.That(items.TryGet("", out _), Is.False);
        Assert.That(items[0x1000], Is.SameAs(first));
        Assert.That(items.Remove(first), Is.True);
        Assert.That(items, Is.EqualTo(new[] { second }));
        Assert.That(
            items.Add(ItemDescriptor.FromFormat(0x1001, "", "", ItemShape.Scalar, new FormatField('u', 16))),
            Is.Not.SameAs(second));
        Assert.That(items, Has.Count.EqualTo(1), "of the same identifier there is one");
    }

    [Test]
    public void Version_rises_with_every_update_and_repeated_descriptors_change_nothing()
    {
        Update(Describe(0x1000, "a"), Value(0x1000, 1));
        Item item = _items["a"];
        Assert.That(item.Version, Is.EqualTo(3));

        Update(Describe(0x1000, "a"), Value(0x1000, 2));
        Assert.That(_items["a"], Is.SameAs(item));
        Assert.That(item.Version, Is.EqualTo(5));

        Update(Describe(0x1000, "a"));
        Assert.That(item.Version, Is.EqualTo(5));
        Assert.That(item.ToScalar<ushort>(), Is.EqualTo(2));
        Assert.That(_logger.Lines, Is.Empty);
    }

    [Test]
    public void Descriptor_takes_the_place_of_those_with_its_identifier_and_its_name()
    {
        Update(Describe(0x1000, "a"), Describe(0x1001, "b"), Value(0x1000, 1), Value(0x1001, 1));
        Update(Value(0x1001, 2));
        (Item a, Item b) = (_items["a"], _items["b"]);
        Update(Describe(0x1000, "b"));

        Item item = _items.Single();
        Assert.That(item, Is.SameAs(_items[0x1000]).And.SameAs(_items["b"]));
        Assert.That(item.HasValue, Is.False);
        Assert.That(item.Version, Is.EqualTo(6), "one above the highest that it replaces");
        Assert.That(_items.TryGet("a", out _), Is.False);
        Assert.That(_items.TryGet(0x1001, out _), Is.False);
        Assert.That(() => a.Value, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => b.RawBytes.Length, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(
            _logger.Lines,
            Is.EqualTo(new[]
            {
                "Information: Item 0x1000 'a' is replaced by item 0x1000 'b'.",
                "Information: Item 0x1001 'b' is replaced by item 0x1000 'b'.",
            }));
    }

    [Test]
    public void Any_difference_makes_another_item()
    {
        ItemType type = ItemType.FromNumPy("<u2");
        ItemDescriptor[] others =
        [
            ItemDescriptor.FromFormat(0x1000, "a", "", new(2, 2), U16),
            ItemDescriptor.FromFormat(0x1000, "a", "other", new(2, 2), U16),
            ItemDescriptor.FromFormat(0x1000, "a", "other", new(2, 3), U16),
            ItemDescriptor.FromFormat(0x1000, "a", "other", new(2, 3), new FormatField('i', 16)),
            ItemDescriptor.FromNumPy(0x1000, "a", "other", new(2, 3), ItemType.FromNumPy(">u2")),
            ItemDescriptor.FromNumPy(0x1000, "a", "other", new(2, 3), type),
            ItemDescriptor.FromNumPy(0x1000, "a", "other", new(2, 3), type, isFortranOrder: true),
        ];
        long version = 0;
        foreach (ItemDescriptor descriptor in others)
        {
            Update(heap => heap.AddDescriptor(descriptor.Encode(Packets.Flavour48)));
            Assert.That(_items["a"].Version, Is.EqualTo(++version), descriptor.ToString());
            Assert.That(_items["a"].Descriptor, Is.EqualTo(descriptor));
        }
    }

    [Test]
    public void Bad_value_costs_its_item_only()
    {
        Update(Describe(0x1000, "a"), Describe(0x1001, "b"), Value(0x1000, 1), Value(0x1001, 1));
        (Item a, Item b) = (_items["a"], _items["b"]);
        long before = b.Version;

        UpdatedItems updated = Update(
            Describe(0x1002, "c"),
            Value(0x1000, 2),
            heap => heap.AddItem(0x1001, new byte[1], allowImmediate: false),
            Value(0x1002, 3));

        Assert.That(updated.Select(item => item.Name), Is.EquivalentTo(new[] { "a", "c" }));
        Assert.That(updated.Failed.Single().Item, Is.SameAs(b));
        Assert.That(a.ToScalar<ushort>(), Is.EqualTo(2));
        Assert.That(b.HasValue, Is.False, "an old value must not pass for a new one");
        Assert.That(b.Version, Is.GreaterThan(before));
        Assert.That(_logger.Lines, Is.Empty, "the result says it");

        updated = Update(Value(0x1001, 4));
        Assert.That(updated.Single(), Is.SameAs(b));
        Assert.That(b.ToScalar<ushort>(), Is.EqualTo(4));
        Assert.That(updated.Failed, Is.Empty);
    }

    [Test]
    public void Bad_descriptor_costs_its_item_only_and_is_logged_once()
    {
        for (int i = 0; i < 2; i++)
        {
            UpdatedItems updated = Update(
                Describe(0x1000, "a"),
                heap => AddRaw(heap, 0x1001, "b", "z\0\u0010", ""),
                Describe(0x1002, "c"),
                Value(0x1000, 1),
                Value(0x1001, 2),
                Value(0x1002, 3));

            Assert.That(updated.Select(item => item.Name), Is.EquivalentTo(new[] { "a", "c" }));
            FailedItem failed = updated.Failed.Single();
            Assert.That((failed.Id, failed.Name), Is.EqualTo((0x1001L, "b")));
            Assert.That(failed.Item!.RawBytes.ToArray(), Is.EqualTo(new byte[] { 0, 2 }));
        }

        Assert.That(_logger.Lines.Single(), Does.StartWith("Warning: Item 0x1001 'b' has an unknown type"));
        Assert.That(Update(Describe(0x1000, "a")).Failed, Is.Empty, "nothing of b has come");
    }

    [Test]
    public void Bad_descriptor_takes_the_place_of_its_identifier_only()
    {
        Update(Describe(0x1000, "a"), Describe(0x1001, "0x1003"), Value(0x1000, 1));
        for (int i = 0; i < 2; i++)
        {
            UpdatedItems updated = Update(
                heap => AddRaw(heap, 0x1002, "a", "z\0\u0010", ""),
                heap => AddRaw(heap, 0x1003, "a", "z\0\u0010", ""),
                heap => AddRaw(heap, 0x1004, "0x1002", "z\0\u0010", ""),
                Value(0x1000, 2));

            Assert.That(
                updated.Failed.Select(failed => (failed.Id, failed.Name)),
                i > 0
                    ? Is.Empty
                    : Is.EquivalentTo(new (long?, string?)[] { (0x1002, "0x1002"), (0x1003, ""), (0x1004, "0x1004") }));
            Assert.That(_items["a"].ToScalar<ushort>(), Is.EqualTo(2));
            Assert.That(_items["0x1003"].Id, Is.EqualTo(0x1001));
            Assert.That(_items, Has.Count.EqualTo(5));
        }

        Update(heap => AddRaw(heap, 0x1000, "a", "z\0\u0010", ""), Describe(0x1005, "0x1004"));
        Assert.That(_items["a"].Type.Kind, Is.EqualTo(ItemKind.Unknown), "its own identifier");
        Assert.That(_items.TryGet(0x1004, out _), Is.False, "a good descriptor takes the place of a name, too");
    }

    [Test]
    public void Good_value_after_a_bad_one_counts()
    {
        Update(Describe(0x1000, "a"));
        UpdatedItems updated = Update(
            heap => heap.AddItem(0x1000, new byte[1], allowImmediate: false), heap => heap.AddImmediate(0x1000, 7));
        Assert.That(updated.Single().ToScalar<ushort>(), Is.EqualTo(7));
        Assert.That(updated.Failed, Is.Empty);
    }

    [Test]
    public void Failures_of_an_earlier_update_throw()
    {
        UpdatedItems first = Update(heap => AddRaw(heap, 0x1001, "b", "z\0\u0010", ""));
        Update(Value(0x1000, 2));

        Assert.That(() => first.Failed, Throws.InvalidOperationException);
        Assert.That(default(UpdatedItems).Failed, Is.Empty);
    }

    [Test]
    public void Unknown_item_that_is_replaced_in_its_heap_is_a_failure_without_an_item()
    {
        UpdatedItems updated = Update(heap => AddRaw(heap, 0x1001, "b", "z\0\u0010", ""), Describe(0x1001, "b"));

        Assert.That(updated.Failed.Single().Item, Is.Null);
        Assert.That(_items["b"].Fault, Is.Null);
    }

    [Test]
    public void Strict_heap_with_a_bad_value_changes_nothing()
    {
        BeStrict();
        Update(Describe(0x1000, "a"), Describe(0x1001, "b"), Value(0x1000, 1), Value(0x1001, 1));
        (Item a, Item b) = (_items["a"], _items["b"]);
        (long Version, long) before = (a.Version, b.Version);

        Assert.That(
            () => Update(
                Describe(0x1002, "c"),
                Describe(0x1001, "a"),
                Value(0x1000, 2),
                heap => heap.AddItem(0x1001, new byte[1], allowImmediate: false)),
            Throws.InstanceOf<HeapFormatException>().With.Property("ItemId").EqualTo(0x1001L));
        Assert.Multiple(() =>
        {
            Assert.That(_items, Is.EquivalentTo(new[] { a, b }));
            Assert.That((a.Version, b.Version), Is.EqualTo(before));
            Assert.That(a.ToScalar<ushort>(), Is.EqualTo(1));
            Assert.That(b.ToScalar<ushort>(), Is.EqualTo(1));
            Assert.That(_logger.Lines, Is.Empty);
        });

        UpdatedItems updated = Update(Value(0x1000, 5));
        Assert.That(updated.Single().ToScalar<ushort>(), Is.EqualTo(5), "the group goes on");
    }

    [Test]
    public void Strict_heap_with_a_bad_value_leaves_no_plans()
    {
        BeStrict();
        Update(Describe(0x1000, "a"), Describe(0x1001, "b"), Value(0x1001, 1));
        Assert.That(
            () => Update(
                Describe(0x1002, "b"),
                Value(0x1000, 2),
                heap => heap.AddItem(0x1002, new byte[1], allowImmediate: false)),
            Throws.InstanceOf<HeapFormatException>());

        Assert.That(Update(Value(0x1000, 3)), Has.Count.EqualTo(1));
        Assert.That(_items["a"].ToScalar<ushort>(), Is.EqualTo(3));
        Assert.That(_items["b"].ToScalar<ushort>(), Is.EqualTo(1), "it was not replaced after all");
    }

    [Test]
    public void Strict_heap_with_a_bad_descriptor_changes_nothing()
    {
        BeStrict();
        Assert.That(
            () => Update(Describe(0x1000, "a"), heap => AddRaw(heap, 0x1001, "b", "z\0\u0010", "")),
            Throws.InstanceOf<HeapFormatException>());
        Assert.That(_items, Is.Empty);
    }

    [Test]
    public void Last_of_several_raw_items_counts_and_the_item_is_returned_once()
    {
        Update(Describe(0x1700, "a"));

        UpdatedItems updated = Update(
            heap => heap.AddImmediate(0x1700, 9), heap => heap.AddImmediate(0x1700, 2), Value(0x1700, 100));
        Assert.That(updated, Has.Count.EqualTo(1));
        Assert.That(updated[0].ToScalar<ushort>(), Is.EqualTo(9), "E12: immediates last, by value");
    }

    [Test]
    public void Unknown_items_are_counted_and_logged_once_each()
    {
        for (int i = 0; i < 3; i++)
        {
            Assert.That(Update(Value(0x1000, 1), Value(0xabc, 1)), Is.Empty);
        }

        Assert.That(_items.UnknownItems, Is.EqualTo(6));
        Assert.That(
            _logger.Lines,
            Is.EquivalentTo(new[]
            {
                "Warning: Item 0x1000 has no descriptor and is ignored, now and in later heaps until there is one.",
                "Warning: Item 0xabc has no descriptor and is ignored, now and in later heaps until there is one.",
            }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Update_is_done_whatever_the_logger_throws(bool throwsWhenAsked)
    {
        var logger = new ThrowingLogger(throwsWhenAsked);
        using ItemGroup items = new(logger);
        Item replaced = items.Add(Descriptor(0x1000, "a"));
        using Heap heap = Heap(Describe(0x1000, "b"), Describe(0x1001, "c"), Value(0x1000, 1), Value(0x1001, 2), Value(7, 3));

        UpdatedItems updated = items.Update(heap);

        Assert.That(updated.Select(item => item.ToScalar<ushort>()), Is.EquivalentTo(new ushort[] { 1, 2 }));
        Assert.That(items, Is.EquivalentTo(updated));
        Assert.That(items.UnknownItems, Is.EqualTo(1));
        Assert.That(() => replaced.Value, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(logger.Calls, Is.EqualTo(throwsWhenAsked ? 0 : 2), "each message is tried");

        Assert.That(() => items.Add(Descriptor(0x1000, "d")), Throws.Nothing);
    }

    [Test]
    public void Logger_finds_the_update_done()
    {
        ItemGroup? items = null;
        List<ushort> seen = [];
        var logger = new CallingLogger(() => seen.AddRange(items!.Where(item => item.HasValue).Select(item => item.ToScalar<ushort>())));
        using (items = new(logger))
        {
            items.Add(Descriptor(0x1000, "a"));
            using Heap heap = Heap(Describe(0x1000, "b"), Value(0x1000, 5));
            items.Update(heap);
        }

        Assert.That(seen, Is.EqualTo(new ushort[] { 5 }));
    }

    [Test]
    public void Messages_about_one_heap_are_limited()
    {
        Update([.. Enumerable.Range(0, 200).Select(i => Value(0x2000 + i, 1))]);

        Assert.That(_logger.Lines, Has.Count.EqualTo(101));
        Assert.That(
            _logger.Lines[^1], Is.EqualTo("Warning: 100 more messages about the items of a heap are left out."));
    }

    [Test]
    public void Items_of_the_protocol_are_no_items()
    {
        Update(heap => heap.AddStart());
        Assert.That(_items.UnknownItems, Is.Zero);
    }

    [Test]
    public void Incomplete_heap_updates_immediates_only()
    {
        Update(Describe(0x1000, "a"), Describe(0x1001, "b"));
        HeapToSend heap = new();
        heap.AddImmediate(0x1000, 7);
        heap.AddItem(0x1001, new byte[2], allowImmediate: false);
        using Heap received = PacketHeap.Of(Packets.Encode(heap, 1, Packets.Flavour48), isComplete: false);

        Assert.That(_items.Update(received).Single().Name, Is.EqualTo("a"));
        Assert.That(_items["a"].ToScalar<ushort>(), Is.EqualTo(7));
        Assert.That(_items["b"].HasValue, Is.False);
    }

    [Test]
    public void Updated_items_of_an_earlier_update_throw()
    {
        UpdatedItems first = Update(Describe(0x1000, "a"), Value(0x1000, 1));
        Update(Value(0x1000, 2));

        Assert.That(() => first.Count, Throws.InvalidOperationException);
        Assert.That(() => first[0], Throws.InvalidOperationException);
        Assert.That(() => first.ToList(), Throws.InvalidOperationException);
    }

    [Test]
    public void Items_beyond_the_maximum_are_failures()
    {
        using ItemGroup small = new() { MaxItems = 2 };
        using ItemGroup strict = new() { MaxItems = 2, IsStrict = true };
        small.Add(Descriptor(0x1000, "a"));
        strict.Add(Descriptor(0x1000, "a"));
        using Heap heap = Heap(Describe(0x1001, "b"), Describe(0x1002, "c"), Value(0x1001, 1), Value(0x1002, 1));
        UpdatedItems updated = small.Update(heap);
        Assert.That(updated.Single().Name, Is.EqualTo("b"));
        FailedItem failed = updated.Failed.Single();
        Assert.That((failed.Id, failed.Name, failed.Item), Is.EqualTo(((long?)0x1002, "c", (Item?)null)));
        Assert.That(failed.Reason, Does.Contain("more than 2 items"));
        Assert.That(() => strict.Update(heap), Throws.InstanceOf<HeapFormatException>());
        Assert.That(strict, Has.Count.EqualTo(1));

        Assert.That(() => small.Add(Descriptor(0x1002, "c")), Throws.InvalidOperationException);
        Assert.That(small.Add(Descriptor(0x1002, "b")).Id, Is.EqualTo(0x1002), "in the place of another one");
        using Heap replacing = Heap(Describe(0x1003, "b"));
        Assert.That(small.Update(replacing).Failed, Is.Empty, "likewise");
        using Heap many = Heap(Describe(1, "x"), Describe(1, "x"), Describe(1, "x"));
        Assert.That(
            small.Update(many).Failed[^1].Reason, Does.Contain("more than 2 descriptors"), "more descriptors");
        Assert.That(() => strict.Update(many), Throws.InstanceOf<HeapFormatException>());
    }

    [Test]
    public void Allocated_identifier_is_the_lowest_that_is_free()
    {
        Assert.That(_items.AllocateId(), Is.EqualTo(0x1000));
        _items.Add(Descriptor(0x1000, "a"));
        _items.Add(Descriptor(0x1002, "b"));
        Assert.That(_items.AllocateId(), Is.EqualTo(0x1001));
    }

    [Test]
    public void Item_is_found_until_it_is_removed()
    {
        Item item = _items.Add(Descriptor(0x1000, "a"));
        Assert.That(_items.Add(Descriptor(0x1000, "a")), Is.SameAs(item));
        Assert.That(_items.Remove(item), Is.True);
        Assert.That(_items.Remove(item), Is.False);
        Assert.That(() => _items["a"], Throws.InstanceOf<KeyNotFoundException>());
        Assert.That(() => _items[0x1000], Throws.InstanceOf<KeyNotFoundException>());
    }

    private void BeStrict()
    {
        _items.Dispose();
        _items = new(_logger) { IsStrict = true };
    }

    private static ItemDescriptor Descriptor(long id, string name) =>
        ItemDescriptor.FromFormat(id, name, "", ItemShape.Scalar, U16);

    private static Action<HeapToSend> Describe(long id, string name) =>
        heap => heap.AddDescriptor(Descriptor(id, name).Encode(Packets.Flavour48));

    private static Action<HeapToSend> Value(long id, byte value) =>
        heap => heap.AddItem(id, new byte[] { 0, value }, allowImmediate: false);

    private static void AddRaw(HeapToSend heap, long id, string name, string format, string shape) =>
        heap.AddDescriptor(RawDescriptor.Encode(id, name, format, shape));

    private static PacketHeap Heap(params Action<HeapToSend>[] parts)
    {
        HeapToSend heap = new();
        Array.ForEach(parts, part => part(heap));
        return PacketHeap.Of(heap, Packets.Flavour48);
    }

    private UpdatedItems Update(params Action<HeapToSend>[] parts)
    {
        using Heap heap = Heap(parts);
        return _items.Update(heap);
    }

    private sealed class ThrowingLogger(bool throwsWhenAsked) : ILogger
    {
        public int Calls { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) =>
            !throwsWhenAsked ? true : throw new InvalidOperationException("The logger fails.");

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            Calls++;
            throw new InvalidOperationException("The logger fails.");
        }
    }

    private sealed class CallingLogger(Action action) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) => action();
    }
}
