// SPDX-License-Identifier: MIT

using Spead2.Items.Values;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>Descriptors and values that break a rule, each with what the message must say.</summary>
public sealed class DescriptorErrorTests
{
    private const string Scalar = "";
    private const string U8 = "u\0\u0008";

    private static readonly TestCaseData[] Formats =
    [
        Case("u\0\0", "0 bits"),
        Case("", "neither a format nor a NumPy header"),
        Case("f\0\u0010", "'f' of 16 bits"),
        Case("c\0\u0010", "'c' of 16 bits"),
        Case("0\0\u0010", "'0' of 16 bits"),
        Case("\u00ff\0\u0010", "0xff of 16 bits"),
        Case(string.Concat(Enumerable.Repeat(U8, 4097)), "4097 fields"),
    ];

    private static readonly TestCaseData[] Shapes =
    [
        Case(Dimension('\u0001', 0) + Dimension('\u0001', 0), "more than one variable dimension"),
        Case(Dimension('\0', 1L << 40), "(1099511627776,) make elements of which at most 2147483591"),
        Case(Dimension('\u0001', 0) + Dimension('\0', 1L << 40), "(?, 1099511627776) make elements of which at most"),
        Case(Dimension('\0', 1 << 20) + Dimension('\0', 1 << 20), "of which at most 2147483591 are supported"),
        Case(Dimension('\0', 0) + Dimension('\0', 1L << 40) + Dimension('\0', 1L << 40), "strides are not supported"),
        Case(string.Concat(Enumerable.Repeat(Dimension('\0', 1), 33)), "33 dimensions; at most 32"),
    ];

    private static readonly TestCaseData[] Headers =
    [
        Case(Header("'<u3'"), "'<u3' is not supported"),
        Case(Header("''"), "'' is not supported"),
        Case(Header("'<'"), "'<' is not supported"),
        Case(Header("'|O8'"), "'|O8' is not supported"),
        Case(Header("'<M8[ns'"), "is not supported"),
        Case(Header("'<M8[D/24]'"), "is not supported"),
        Case(Header("'m8[0s]'"), "is not supported"),
        Case(Header("'<float32'"), "is not supported"),
        Case(Header("'i4,i4'"), "is not supported"),
        Case(Header("'object'"), "is not supported"),
        Case(Header("'V3\\0'"), "is not supported"),
        Case(Header("'u\\n4'"), "is not supported"),
        Case(Header("[('a', 'V', '|V7')]"), "is '|V7'; it must be a tuple or an integer"),
        Case(Header("[('a', '<u2', '')]"), "is ''; it must be a tuple or an integer"),
        Case(Header("[('a', ('<u2', (2,), 0))]"), "The NumPy type is a tuple"),
        Case(Header("['aB']"), "A field of the NumPy type is 'aB'"),
        Case(Header("'|S0'"), "has 0 bytes"),
        Case(Header("'|V999999999'"), "has 999999999 bytes"),
        Case(Header("[]"), "a list without fields"),
        Case(Header("7"), "The NumPy type is 7"),
        Case(Header("[7]"), "A field of the NumPy type is 7"),
        Case(Header("[('a',)]"), "of 1 parts"),
        Case(Header("[(1, '<u2')]"), "The name of a field of the NumPy type is 1"),
        Case(Header("[('a', '<u2'), ('a', '<u2')]"), "two fields with the name or title of 'a'"),
        Case(Header("[('a', '<u2', (0,))]"), "'a' of the NumPy type has no elements"),
        Case(Header("[('a', '<u2', 'x')]"), "must be a tuple or an integer"),
        Case(Header("[('a', '<u2', True)]"), "must be a tuple or an integer"),
        Case(Header("[('a', 'S', (5,))]"), "has 0 bytes"),
        Case(Header("[('a', 'S', 0)]"), "has 0 bytes"),
        Case(Header("[(('t', 'a'), '<u2'), (('t', 'b'), '<u2')]"), "two fields with the name or title of 'b'"),
        Case(Header("('<u2', (2,))"), "an array of the shape (2,), which is supported in fields only"),
        Case(Header("None"), "The NumPy type is None"),
        Case(Header("('<u2',)"), "The NumPy type is a tuple"),
        Case(Header("{'a': '<u2'}"), "The NumPy type is a dictionary"),
        Case(Header("'<u2'", shape: "[3]"), "is a list; it must be a tuple"),
        Case(Header("[('a', '|V99999999', (3,))]"), "up to its field 'a'"),
        Case(Header("'<u2'", shape: "3"), "must be a tuple"),
        Case(Header("'<u2'", shape: "(True,)"), "Dimension 0 of a shape in the NumPy header is True"),
        Case(Header("'<u2'", shape: "(-1,)"), "is -1; it must be an integer of 0 or more"),
        Case(Header("'<u2'", shape: "(99999999999999999999,)"), "no integer of 64 bits"),
        Case(Header("'<u2'", shape: "(--4,)"), "a sign without a number"),
        Case(Header("'<u2'", shape: "(01,)"), "no integer of 64 bits"),
        Case(Header("'<u2'", shape: "(0x,)"), "no integer of 64 bits"),
        Case(Header("'<u2'", shape: "(1__0,)"), "no integer of 64 bits"),
        Case(Header("'<u2'", shape: "(0b2,)"), "no integer of 64 bits"),
        Case(Header("'<u2'", shape: "(1e1,)"), "no integer of 64 bits"),
        Case(Header("'<u2'", shape: "(2.0,)"), "',' is expected"),
        Case(Header("'<u2'", shape: "(3l,)"), "no integer of 64 bits"),
        Case(Header("'<u2'", shape: "(3\nL,)"), "',' is expected"),
        Case(Header("'<u2'", shape: "(3 # rows\n L,)"), "',' is expected"),
        Case(Header("'<u2'", shape: "(9999999999,)"), "(9999999999,) make elements of which at most 2147483591"),
        Case(Header("'<u2'", order: "0"), "'fortran_order' of the NumPy header is 0"),
        Case(Header("'<u2'") + "x", "where the end is expected"),
        Case("{'descr': '<u2", "has a text that does not end"),
        Case("{'descr': 'a\nb'}", "has a text that does not end"),
        Case("{'descr': '''<u2'", "has a text that does not end"),
        Case(@"{'descr': '\", "has a text that does not end"),
        Case(@"{'descr': '\N{BULLET}'}", "an escape sequence is expected"),
        Case(@"{'descr': '\U00110000'}", "8 hexadecimal digits"),
        Case("{'descr': '<u2\0'}", "has a NUL"),
        Case(@"{'descr': '\xg0'}", "2 hexadecimal digits"),
        Case("{'descr' '<u2'}", "':' is expected"),
        Case("{'descr': '<u2' b'x'}", "',' is expected"),
        Case("{", "ends where a literal is expected"),
        Case("[1]", "it must be a dictionary"),
        Case("{'descr': '<u2'}", "has only the keys 'descr'"),
        Case("{'other': '<u2'}", "has the key 'other'"),
        Case("{1: '<u2'}", "has the key 1"),
        Case("{'descr': '<u2', 'descr': '<u2'}", "has the key 'descr' twice"),
        Case("__import__('os')", "where a literal is expected"),
        Case(new string('(', 33), "more than 32 levels deep"),
        Case(new string('[', 60000), "more than 32 levels deep"),
        Case(new string(' ', 65537), "has 65537 characters"),
        Case("\u00e9", "where a literal is expected"),
    ];

    [TestCaseSource(nameof(Formats))]
    public void Bad_format_is_refused(string format, string message) =>
        AssertRefused(message, RawDescriptor.Encode(0x1000, "x", format, Scalar));

    [TestCaseSource(nameof(Shapes))]
    public void Bad_shape_is_refused(string shape, string message) =>
        AssertRefused(message, RawDescriptor.Encode(0x1000, "x", U8, shape));

    [TestCaseSource(nameof(Headers))]
    public void Bad_NumPy_header_is_refused(string header, string message) =>
        AssertRefused(message, RawDescriptor.Encode(0x1000, "x", U8, Scalar, header));

    [Test]
    public void Format_with_too_many_bits_is_refused()
    {
        // SPEAD-64-8 has 7 bytes for a number of bits.
        byte[] widest = [(byte)'u', 0, 0, 0, 0x7f, 0xff, 0xff, 0xff];
        byte[] wider = [(byte)'u', 0, 0, 1, 0, 0, 0, 0];
        byte[] oneMore = [.. widest, (byte)'u', 0, 0, 0, 0, 0, 0, 1];
        AssertRefused("2147483648 bits; at most 2147483647", Encode(oneMore), id: 1);
        AssertRefused("'u' of 4294967296 bits", Encode(wider), id: 1);

        static byte[] Encode(byte[] format)
        {
            HeapToSend heap = new();
            heap.AddImmediate(ItemId.DescriptorId, 1);
            heap.AddItem(ItemId.DescriptorName, "x"u8.ToArray(), allowImmediate: false);
            heap.AddItem(ItemId.DescriptorFormat, format, allowImmediate: false);
            return Packets.Encode(heap, 1, new Flavour(8)).Single();
        }
    }

    [Test]
    public void Long_texts_are_refused_unless_the_limit_is_raised()
    {
        string longName = new('n', 1025);
        AssertRefused(
            "The name of the descriptor has 1025", RawDescriptor.Encode(0x1000, longName, U8), name: null);

        using ItemGroup items = new() { MaxNameLength = 1025, MaxTextLength = 70_000 };
        string header = new string(' ', 65_000) + Header("'<u2'") + new string(' ', 4_000);
        using Heap heap = Heap(RawDescriptor.Encode(0x1000, longName, dtype: header));
        Assert.That(items.Update(heap).Failed, Is.Empty);
        Assert.That(items[0x1000].Name, Is.EqualTo(longName));
        Assert.That(items[0x1000].Type, Is.EqualTo(ItemType.FromNumPy("<u2")));
    }

    [TestCase(3, 3, 80, 65536, false)]
    [TestCase(3, 4, 80, 65536, true)]
    [TestCase(1024, 5, 80, 80, false)]
    [TestCase(1024, 5, 81, 80, true)]
    [TestCase(1024, 5, 65536, 65536, false)]
    [TestCase(1024, 5, 65537, 65536, true)]
    [TestCase(1024, 5, 65537, 65537, false)]
    [TestCase(100_000, 100_000, 80, 65536, false)]
    public void Limits_of_texts_are_exact(int maxName, int name, int description, int maxText, bool fails)
    {
        using ItemGroup items = new() { MaxNameLength = maxName, MaxTextLength = maxText };
        ItemDescriptor descriptor = ItemDescriptor.FromFormat(
            0x1000, new('n', name), new('d', description), ItemShape.Scalar, new FormatField('u', 8));
        using Heap heap = Heap(descriptor.Encode(Packets.Flavour48));

        Assert.That(items.Update(heap).Failed, Has.Count.EqualTo(fails ? 1 : 0));
        Assert.That(items[0x1000].Type.Kind == ItemKind.Unknown, Is.EqualTo(fails));
    }

    [Test]
    public void Limits_of_a_group_are_at_least_one([Values(0, -1)] int limit)
    {
        Assert.That(() => new ItemGroup { MaxItems = limit }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new ItemGroup { MaxNameLength = limit }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new ItemGroup { MaxTextLength = limit }, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Descriptor_of_more_than_a_mebibyte_is_refused()
    {
        AssertRefused(
            "more than 1048576 bytes", RawDescriptor.Encode(0x1000, "x", U8, new('\0', 1 << 20)), name: null);
    }

    [Test]
    public void Descriptor_of_nobody_knows_what_is_a_failure_without_an_item()
    {
        HeapToSend inner = RawDescriptor.Heap(0, "x", U8, new('\0', 1 << 20));
        using ItemGroup items = new();
        using Heap heap = Heap([.. Packets.Encode(inner, 1, Packets.Flavour48, 1 << 21).SelectMany(packet => packet)]);

        FailedItem failed = items.Update(heap).Failed.Single();
        Assert.That((failed.Id, failed.Name, failed.Item), Is.EqualTo(((long?)null, (string?)null, (Item?)null)));
        Assert.That(failed.ToString(), Does.Contain("more than 1048576 bytes"));
        Assert.That(items, Is.Empty);
    }

    [TestCase("\u00b5s", "\u00b5s", TextEncoding.Latin1)]
    [TestCase("\u00c2\u00b5s", "\u00b5s", TextEncoding.Utf8)]
    [TestCase("\u00f0\u009f\u0098\u0080", "\U0001f600", TextEncoding.Utf8)]
    [TestCase("us", "us", TextEncoding.Ascii)]
    public void Text_that_is_not_ascii_is_utf8_or_else_latin1(string sent, string name, TextEncoding encoding)
    {
        using ItemGroup items = new();
        using Heap heap = Heap(RawDescriptor.Encode(0x1000, sent, U8));
        Assert.That(items.Update(heap).Failed, Is.Empty);
        ItemDescriptor descriptor = items[name].Descriptor;
        Assert.That(descriptor.TextEncoding, Is.EqualTo(encoding));

        using ItemGroup again = new();
        using Heap sentOn = Heap(descriptor.Encode(Packets.Flavour48));
        again.Update(sentOn);
        Assert.That(again[name].Descriptor, Is.EqualTo(descriptor), "sent on");
    }

    [Test]
    public void Value_that_is_too_short_is_a_failure_and_has_its_bytes()
    {
        ItemDescriptor descriptor = ItemDescriptor.FromFormat(0x1000, "x", "", new(2), new FormatField('u', 16));
        const string Reason = "Its 3 bytes have 1 elements of 16 bits, but the shape (2,) needs 2.";
        using ItemGroup items = new();
        using ItemGroup strict = new() { IsStrict = true };
        items.Add(descriptor);
        strict.Add(descriptor);
        HeapToSend heap = new();
        heap.AddItem(0x1000, new byte[] { 1, 2, 3 }, allowImmediate: false);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);

        UpdatedItems updated = items.Update(received);
        Item item = items[0x1000];
        Assert.Multiple(() =>
        {
            Assert.That(updated, Is.Empty);
            Assert.That(updated.Failed, Is.EqualTo(new[] { new FailedItem(0x1000, "x", Reason, item) }));
            Assert.That(updated.Failed[0].ToString(), Is.EqualTo($"Item 0x1000 'x': {Reason}"));
            Assert.That(item.Fault, Is.EqualTo(Reason));
            Assert.That(item.HasValue, Is.False);
            Assert.That(item.HasRawBytes, Is.True);
            Assert.That(item.RawBytes.ToArray(), Is.EqualTo(new byte[] { 1, 2, 3 }));
            Assert.That(item.Value.ToObject(), Is.Null);
            Assert.That(item.ToString(), Is.EqualTo($"x: {Reason}"));
            AssertCannotBeRead(item, Reason);
            Assert.That(
                () => strict.Update(received),
                Throws.InstanceOf<HeapFormatException>().With.Message.EqualTo($"Item 0x1000 'x': {Reason}"));
        });

        item.SetValue(new ushort[] { 5, 6 });
        Assert.That(item.Fault, Is.Null, "another value makes it good");
        Assert.That(item.ToArray<ushort>(), Is.EqualTo(new ushort[] { 5, 6 }));
    }

    [Test]
    public void Item_of_unknown_type_has_nothing_but_bytes()
    {
        using ItemGroup items = new();
        using Heap first = Heap(RawDescriptor.Encode(0x1000, "x", "z\0\u0010"));
        Item item = items.Update(first).Failed.Single().Item!;
        Assert.Multiple(() =>
        {
            Assert.That(item.Type.Kind, Is.EqualTo(ItemKind.Unknown));
            Assert.That(item.Type.Fault, Does.Contain("'z' of 16 bits"));
            Assert.That(item.Type.ToString(), Is.EqualTo("unknown"));
            Assert.That(item.Descriptor.IsNumPy, Is.False);
            Assert.That(item.HasRawBytes, Is.False);
            Assert.That(() => item.RawBytes.Length, Throws.InvalidOperationException);
            Assert.That(() => item.SetValue(1), Throws.InvalidOperationException.With.Message.Contains("'z' of 16"));
            Assert.That(() => item.SetElements<byte>([1]), Throws.InvalidOperationException);
            Assert.That(() => item.Descriptor.Encode(default), Throws.InvalidOperationException);
        });

        HeapToSend heap = new();
        heap.AddDescriptor(RawDescriptor.Encode(0x1000, "x", "z\0\u0010"));
        heap.AddImmediate(0x1000, 0x010203040506);
        using Heap second = PacketHeap.Of(heap, Packets.Flavour48);
        FailedItem failed = items.Update(second).Failed.Single();
        Assert.That(failed.Item, Is.SameAs(item), "the same descriptor changes nothing");
        Assert.That(item.RawBytes.ToArray(), Is.EqualTo(new byte[] { 1, 2, 3, 4, 5, 6 }));
        AssertCannotBeRead(item, "'z' of 16 bits");
        Assert.That(new HeapGenerator(items, default).Next().Items, Is.Empty, "it is not sent on");

        using Heap good = Heap(RawDescriptor.Encode(0x1000, "x", U8));
        items.Update(good);
        Assert.That(items[0x1000].Type.ToString(), Is.EqualTo(ItemType.FromFormat([new('u', 8)]).ToString()));
    }

    [Test]
    public void Value_with_too_many_elements_is_refused()
    {
        // 2^28 bytes of 1-bit elements are more than an array can have. The memory is never touched.
        ItemDescriptor bits = ItemDescriptor.FromFormat(1, "x", "", ItemShape.Vector, new FormatField('u', 1));
        Assert.That(MeasuredValue.TryMeasure(bits, 1 << 28, out _, out string? fault), Is.False);
        Assert.That(fault, Does.Contain("2147483648 elements"));
        Assert.That(MeasuredValue.TryMeasure(bits, (1 << 28) - 8, out MeasuredValue measured, out _), Is.True);
        Assert.That(measured.Count, Is.EqualTo(Array.MaxLength - 7));
    }

    [TestCase(true, "a\u00b5", TextEncoding.Latin1, 0x61, 0xb5)]
    [TestCase(false, "a\u00b5", TextEncoding.Latin1, 0x61, 0xb5)]
    [TestCase(false, "\u00b5", TextEncoding.Utf8, 0xc2, 0xb5)]
    [TestCase(false, "ab", TextEncoding.Ascii, 0x61, 0x62)]
    public void Value_that_is_text_is_utf8_or_else_latin1(
        bool immediate, string expected, TextEncoding encoding, params int[] bytes)
    {
        using ItemGroup items = new();
        Item item = items.Add(ItemDescriptor.FromFormat(0x1000, "x", "", new(2), new FormatField('c', 8)));
        Assert.That(item.TextEncoding, Is.EqualTo(TextEncoding.Ascii), "there is no value");
        HeapToSend heap = new();
        heap.AddItem(0x1000, Array.ConvertAll(bytes, b => (byte)b), allowImmediate: immediate);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);

        Assert.That(items.Update(received), Has.Count.EqualTo(1));
        Assert.That(item.ToText(), Is.EqualTo(expected));
        Assert.That(item.Value.ToString(), Is.EqualTo(expected));
        Assert.That(item.TextEncoding, Is.EqualTo(encoding));
    }

    private static TestCaseData Case(string text, string message) =>
        new TestCaseData(text, message).SetArgDisplayNames(message);

    private static string Dimension(char flags, long length) =>
        flags + string.Concat(Enumerable.Range(0, 6).Select(i => (char)((length >> (8 * (5 - i))) & 0xff)));

    private static string Header(string descr, string order = "False", string shape = "()") =>
        $"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}";

    private static PacketHeap Heap(byte[] descriptor)
    {
        HeapToSend heap = new();
        heap.AddDescriptor(descriptor);
        return PacketHeap.Of(heap, Packets.Flavour48);
    }

    private static void AssertCannotBeRead(Item item, string reason)
    {
        Action[] reads =
        [
            () => item.AsSpan<byte>(), () => item.AsSpan<ushort>(), () => item.ToArray<ushort>(), () => item.ToText(),
            () => item.ToScalar<ushort>(), () => item.ToNumber<int>(), () => item.ToRecords(),
            () => item.AsTensor<ushort>(),
        ];
        foreach (Action read in reads)
        {
            Assert.That(read, Throws.InvalidOperationException.With.Message.Contains(reason));
        }
    }

    // A group has an item of unknown type for it, and a strict one throws.
    private static void AssertRefused(string message, byte[] descriptor, long id = 0x1000, string? name = "x")
    {
        using ItemGroup items = new();
        using ItemGroup strict = new() { IsStrict = true };
        using Heap received = Heap(descriptor);

        FailedItem failed = items.Update(received).Failed.Single();
        Assert.That(failed.Reason, Does.Contain(message));
        Assert.That(failed.Id, Is.EqualTo(id));
        Assert.That(failed.Name, Is.EqualTo(name ?? $"0x{id:x}"));
        Assert.That(failed.Item, Is.SameAs(items.Single()));
        Assert.That(failed.Item!.Type.Fault, Is.EqualTo(failed.Reason));

        HeapFormatException exception = Assert.Throws<HeapFormatException>(() => strict.Update(received))!;
        Assert.That(exception.Message, Does.Contain(message));
        Assert.That(exception.ItemId, Is.EqualTo(id));
        Assert.That(exception.ItemName, Is.EqualTo(name));
        Assert.That(strict, Is.Empty);
    }
}
