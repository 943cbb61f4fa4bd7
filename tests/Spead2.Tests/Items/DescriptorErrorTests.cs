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
        Case(Dimension('\0', 1L << 40), "Dimension 0 of the shape is 1099511627776"),
        Case(Dimension('\0', 1 << 20) + Dimension('\0', 1 << 20), "more than 2147483591 elements"),
        Case(Dimension('\0', 0) + Dimension('\0', 1 << 20) + Dimension('\0', 1 << 20), "more than 2147483591 elements"),
        Case(string.Concat(Enumerable.Repeat(Dimension('\0', 1), 33)), "more than 32 dimensions"),
    ];

    private static readonly TestCaseData[] Headers =
    [
        Case(Header("'<u3'"), "'<u3' is not supported"),
        Case(Header("''"), "'' is not supported"),
        Case(Header("'<'"), "'<' is not supported"),
        Case(Header("'|O8'"), "'|O8' is not supported"),
        Case(Header("'<M8[ns]'"), "is not supported"),
        Case(Header("'|S0'"), "has 0 bytes"),
        Case(Header("'|V999999999'"), "has 999999999 bytes"),
        Case(Header("[]"), "a list without fields"),
        Case(Header("[('', '|V4')]"), "a list without fields"),
        Case(Header("7"), "The NumPy type is 7"),
        Case(Header("[7]"), "A field of the NumPy type is 7"),
        Case(Header("[('a',)]"), "of 1 parts"),
        Case(Header("[(1, '<u2')]"), "The name of a field of the NumPy type is 1"),
        Case(Header("[('a', '<u2'), ('a', '<u2')]"), "two fields with the name 'a'"),
        Case(Header("[('a', '<u2', (0,))]"), "'a' of the NumPy type has no elements"),
        Case(Header("[('a', '<u2', [1])]"), "must be a tuple"),
        Case(Header("[('a', '|V99999999', (3,))]"), "up to its field 'a'"),
        Case(Header("'<u2'", shape: "3"), "must be a tuple"),
        Case(Header("'<u2'", shape: "(True,)"), "Dimension 0 of a shape in the NumPy header is True"),
        Case(Header("'<u2'", shape: "(-1,)"), "where a literal is expected"),
        Case(Header("'<u2'", shape: "(99999999999999999999,)"), "no integer of 64 bits"),
        Case(Header("'<u2'", shape: "(01,)"), "no integer of 64 bits"),
        Case(Header("'<u2'", shape: "(9999999999,)"), "Dimension 0 of the shape is 9999999999"),
        Case(Header("'<u2'", order: "0"), "'fortran_order' of the NumPy header is 0"),
        Case(Header("'<u2'") + "x", "where the end is expected"),
        Case("{'descr': '<u2", "has a text that does not end"),
        Case("{'descr': 'a\nb'}", "has a text that does not end"),
        Case(@"{'descr': '\q'}", "an escape sequence is expected"),
        Case(@"{'descr': '\xg0'}", "2 hexadecimal digits"),
        Case("{'descr' '<u2'}", "':' is expected"),
        Case("{'descr': '<u2' 'x'}", "',' is expected"),
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
        Case("\u00e9", "is not ASCII: byte 0 is 0xe9"),
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
    public void Long_name_and_name_that_is_not_ascii_are_refused()
    {
        AssertRefused(
            "The name of the descriptor has 1025", RawDescriptor.Encode(0x1000, new('n', 1025), U8), name: null);
        AssertRefused("is not ASCII: byte 1 is 0xff", RawDescriptor.Encode(0x1000, "a\u00ff", U8), name: null);
    }

    [Test]
    public void Descriptor_of_more_than_a_mebibyte_is_refused()
    {
        using ItemGroup items = new();
        HeapToSend heap = new();
        heap.AddDescriptor(RawDescriptor.Encode(0x1000, "x", U8, new('\0', 1 << 20)));
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
        Assert.That(
            () => items.Update(received),
            Throws.InstanceOf<HeapFormatException>().With.Message.Contains("more than 1048576 bytes"));
    }

    [Test]
    public void Value_that_is_too_short_is_refused()
    {
        using ItemGroup items = new();
        items.Add(ItemDescriptor.FromFormat(0x1000, "x", "", new(2), new FormatField('u', 16)));
        HeapToSend heap = new();
        heap.AddItem(0x1000, new byte[3], allowImmediate: false);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
        Assert.That(
            () => items.Update(received),
            Throws.InstanceOf<HeapFormatException>().With.Message.EqualTo(
                "Item 0x1000 'x': its 3 bytes have 1 elements of 16 bits, but the shape (2,) needs 2."));
    }

    [Test]
    public void Value_with_too_many_elements_is_refused()
    {
        // 2^28 bytes of 1-bit elements are more than an array can have. The memory is never touched.
        ItemDescriptor bits = ItemDescriptor.FromFormat(1, "x", "", ItemShape.Vector, new FormatField('u', 1));
        Assert.That(
            () => MeasuredValue.Of(bits, 1 << 28),
            Throws.InstanceOf<HeapFormatException>().With.Message.Contains("2147483648 elements"));
        Assert.That(MeasuredValue.Of(bits, (1 << 28) - 8).Count, Is.EqualTo(Array.MaxLength - 7));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Text_that_is_not_ascii_is_refused(bool immediate)
    {
        using ItemGroup items = new();
        items.Add(ItemDescriptor.FromFormat(0x1000, "x", "", new(2), new FormatField('c', 8)));
        HeapToSend heap = new();
        heap.AddItem(0x1000, new byte[] { 0x61, 0x80 }, allowImmediate: immediate);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
        Assert.That(
            () => items.Update(received),
            Throws.InstanceOf<HeapFormatException>().With.Message.Contains("not ASCII: byte 1 is 0x80"));
    }

    private static TestCaseData Case(string text, string message) =>
        new TestCaseData(text, message).SetArgDisplayNames(message);

    private static string Dimension(char flags, long length) =>
        flags + string.Concat(Enumerable.Range(0, 6).Select(i => (char)((length >> (8 * (5 - i))) & 0xff)));

    private static string Header(string descr, string order = "False", string shape = "()") =>
        $"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}";

    private static void AssertRefused(string message, byte[] descriptor, long id = 0x1000, string? name = "x")
    {
        using ItemGroup items = new();
        HeapToSend heap = new();
        heap.AddDescriptor(descriptor);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);

        HeapFormatException exception = Assert.Throws<HeapFormatException>(() => items.Update(received))!;
        Assert.That(exception.Message, Does.Contain(message));
        Assert.That(exception.ItemId, Is.EqualTo(id));
        Assert.That(exception.ItemName, Is.EqualTo(name));
        Assert.That(items, Is.Empty);
    }
}
