// SPDX-License-Identifier: MIT

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>Bytes that are known, and the values that they are.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ItemValueTests : IDisposable
{
    private const long Id = 0x1000;

    private readonly ItemGroup _items = new();

    public void Dispose() => _items.Dispose();

    [Test]
    public void Bytes_in_native_order_are_not_copied()
    {
        Item item = Receive(NumPy("<f4", 2), "0000803f 00000040");
        Assert.That(item.AsSpan<float>().ToArray(), Is.EqualTo(new[] { 1f, 2f }));
        Assert.That(IsSame(item.AsSpan<float>(), item.RawBytes), Is.True);
        Assert.That(IsSame(item.AsSpan<float>(ByteOrder.AsSent), item.RawBytes), Is.True);
        Assert.That(IsSame(item.AsSpan<float>(ByteOrder.BigEndian), item.RawBytes), Is.False);
    }

    [Test]
    public void Big_endian_is_converted_or_kept()
    {
        Item item = Receive(Format("u32", new(2)), "00000001 00000002");
        ReadOnlySpan<uint> native = item.AsSpan<uint>();
        ReadOnlySpan<uint> kept = item.AsSpan<uint>(ByteOrder.AsSent);
        Assert.That(native.ToArray(), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(kept.ToArray(), Is.EqualTo(new[] { 0x01000000, 0x02000000 }));
        Assert.That(item.ToArray<uint>(ByteOrder.BigEndian), Is.EqualTo(kept.ToArray()));
        Assert.That(IsSame(kept, item.RawBytes), Is.True);
        Assert.That(() => item.ToArray<uint>((ByteOrder)9), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Spans_of_one_value_do_not_disturb_each_other()
    {
        Item item = Receive(NumPy(">u2", 2), "0001 0002");
        ReadOnlySpan<ushort> native = item.AsSpan<ushort>();
        Assert.That(native.Overlaps(item.AsSpan<ushort>()), Is.True, "converted once");
        Item little = Receive(NumPy("<u2", 2), "0100 0200");
        Assert.That(little.AsSpan<ushort>(ByteOrder.BigEndian)[0], Is.EqualTo(0x100));

        Item bits = Receive(Format("u12", new(2)), "001 002");
        ReadOnlySpan<ushort> first = bits.AsSpan<ushort>();
        _ = bits.AsSpan<ushort>(ByteOrder.BigEndian);
        Assert.That(first.ToArray(), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public void Fortran_order_has_other_strides()
    {
        ItemDescriptor descriptor =
            ItemDescriptor.FromNumPy(Id, "x", "", new(2, 3), ItemType.FromNumPy("|u1"), isFortranOrder: true);
        Item item = Receive(descriptor, "01 02 03 04 05 06");
        Assert.That(item.AsSpan<byte>().ToArray(), Is.EqualTo(new[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(item.AsTensor<byte>()[1, 0], Is.EqualTo(2));
        Assert.That(item.AsTensor<byte>().Strides.ToArray(), Is.EqualTo(new nint[] { 1, 2 }));
        Assert.That(item.ToArray<byte>(), Is.EqualTo(new[] { 1, 3, 5, 2, 4, 6 }));
        Assert.That(item.Value.ToString(), Is.EqualTo("[[1, 3, 5], [2, 4, 6]]"));
        Assert.That(item.Value.ToObject(), Is.EqualTo(new byte[] { 1, 3, 5, 2, 4, 6 }));
        item.SetValue(new byte[,] { { 1, 3, 5 }, { 2, 4, 6 } });
        Assert.That(item.RawBytes.ToArray(), Is.EqualTo(new[] { 1, 2, 3, 4, 5, 6 }));
    }

    [Test]
    public void Numbers_of_every_kind_are_read()
    {
        Assert.Multiple(() =>
        {
            AssertScalar("|i1", "ff", (sbyte)-1);
            AssertScalar("<u8", "0100000000000080", 0x8000000000000001);
            AssertScalar(">i8", "fffffffffffffffe", -2L);
            AssertScalar("<f2", "003e", (Half)1.5);
            AssertScalar(">f8", "3ff8000000000000", 1.5);
            AssertScalar("<c8", "0000803f 000000c0", new ComplexSingle(1, -2));
            AssertScalar(">c8", "3f800000 c0000000", new ComplexSingle(1, -2));
            AssertScalar(">c16", "3ff0000000000000 c000000000000000", new Complex(1, -2));
            AssertScalar("?", "02", true);
            AssertScalar(Format("u3", ItemShape.Scalar), "a0", (byte)5);
            AssertScalar(Format("i3", ItemShape.Scalar), "a0", (sbyte)-3);
            AssertScalar(Format("b9", ItemShape.Scalar), "0080", true);
            AssertScalar(Format("u24", ItemShape.Scalar), "010203", 0x010203u);
            AssertScalar(Format("f64", ItemShape.Scalar), "3ff8000000000000", 1.5);
        });
    }

    [Test]
    public void Wide_integers_are_big()
    {
        Item item = Receive(Format("u128", new(1)), "ff000000 00000000 00000000 00000001");
        Assert.That(item.ToNumber<BigInteger>(), Is.EqualTo(((BigInteger)255 << 120) + 1));
        Assert.That(item.ToNumber<UInt128>(), Is.EqualTo(new UInt128(0xff00000000000000, 1)));
        Assert.That(() => item.ToNumber<int>(), Throws.InstanceOf<OverflowException>());
        Assert.That(() => item.AsSpan<UInt128>().Length, Throws.InstanceOf<InvalidCastException>());
        Assert.That(
            Receive(Format("i65", ItemShape.Scalar), "ffffffff ffffffff 80").Value.ToObject(),
            Is.EqualTo(BigInteger.MinusOne));
    }

    [Test]
    public void Booleans_other_than_one_are_true()
    {
        Item item = Receive(NumPy("|b1", 3), "00 01 ff");
        Assert.That(MemoryMarshal.AsBytes(item.AsSpan<bool>()).ToArray(), Is.EqualTo(new[] { 0, 1, 1 }));
        Assert.That(item.ToArray<bool>(), Is.EqualTo(new[] { false, true, true }));
        Assert.That(IsSame(Receive(NumPy("|b1", 3), "00 01 01").AsSpan<bool>(), item.RawBytes), Is.True);
        Assert.That(
            Receive(Format("b1", new(9)), "a080").ToArray<bool>(),
            Is.EqualTo(new[] { true, false, true, false, false, false, false, false, true }));
    }

    [Test]
    public void Texts_of_every_kind_are_read()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Receive(Format("c8", ItemShape.Vector), "610062").ToText(), Is.EqualTo("a\0b"), "V12n");
            Assert.That(Receive(NumPy("|S4"), "61e90000").ToText(), Is.EqualTo("aé"));
            Assert.That(Receive(NumPy("|S4"), "61e90000").Value.ToObject(), Is.EqualTo(new byte[] { 0x61, 0xe9 }));
            Assert.That(Receive(NumPy("<U2"), "00f60100 00000000").ToText(), Is.EqualTo("😀"));
            Assert.That(Receive(NumPy(">U1"), "0001f600").ToText(), Is.EqualTo("😀"));
            Assert.That(Receive(NumPy(">U1"), "ffffffff").ToText(), Is.EqualTo("\ufffd"));
            Assert.That(
                Receive(NumPy("|S1", 2), "6162").Value.ToObject(),
                Is.EqualTo(new[] { "a"u8.ToArray(), "b"u8.ToArray() }));
            Assert.That(Receive(NumPy("|S2", 2), "61626364").AsSpan<byte>().Length, Is.EqualTo(4));
            Assert.That(Receive(Format("c8", ItemShape.Scalar), "e9").Value.ToObject(), Is.EqualTo('é'));
            Assert.That(Receive(Format("c8", new(1, 2)), "6162").Value.ToObject(), Is.EqualTo(new[] { 'a', 'b' }));
            Assert.That(() => Receive(NumPy("<u2"), "0000").ToText(), Throws.InstanceOf<InvalidCastException>());
        });
    }

    [Test]
    public void Records_are_read_by_name()
    {
        Item item = Receive(
            Format("u4,i12,b1,f32,c8,u7", new(2)),
            Bits("0101 111111111111 1 00111111100000000000000000000000 01100001 0000011"
                + "0110 000000000001 0 01000000000000000000000000000000 01100010 1111111"));
        Assert.That(item.Value.ToString(), Is.EqualTo(
            "[(f0: 5, f1: -1, f2: True, f3: 1, f4: a, f5: 3), (f0: 6, f1: 1, f2: False, f3: 2, f4: b, f5: 127)]"));
        Assert.That(item.ToArray<byte>("f0"), Is.EqualTo(new[] { 5, 6 }));
        Assert.That(item.ToArray<short>("f1"), Is.EqualTo(new[] { -1, 1 }));
        Assert.That(item.ToArray<bool>("f2"), Is.EqualTo(new[] { true, false }));
        Assert.That(item.ToArray<float>("f3"), Is.EqualTo(new[] { 1f, 2f }));
        ItemRecord[] records = item.ToRecords();
        Assert.That(records[1]["f5"], Is.EqualTo(127));
        Assert.That(records[1][4], Is.EqualTo('b'));
        Assert.That(() => records[0]["g"], Throws.InstanceOf<KeyNotFoundException>());
        Assert.That(() => item.ToArray<int>("g"), Throws.InstanceOf<KeyNotFoundException>());
        Assert.That(() => item.ToArray<int>("f0"), Throws.InstanceOf<InvalidCastException>());
        Assert.That(() => item.ToRecord(), Throws.InstanceOf<InvalidCastException>());
        Assert.That(() => item.AsSpan<Point>().Length, Throws.InstanceOf<InvalidCastException>());
    }

    [Test]
    public void Records_with_the_layout_of_a_struct_are_not_copied()
    {
        Item item = Receive(
            NumPy("[('x', '<i2'), ('', '|V2'), ('y', '<f4')]", 2), "ffff0000 0000803f 02000000 00000040");
        Point[] expected = [new() { X = -1, Y = 1 }, new() { X = 2, Y = 2 }];
        Assert.That(item.AsSpan<Point>().ToArray(), Is.EqualTo(expected));
        Assert.That(IsSame(item.AsSpan<Point>(), item.RawBytes), Is.True);
        item.SetElements<Point>(expected);
        Assert.That(item.ToArray<float>("y"), Is.EqualTo(new[] { 1f, 2f }));

        const string notPoint = "cannot be read as Point: it has ";
        AssertNotPoint("[('x', '<i2'), ('y', '<f4')]", notPoint + "8 bytes, and the record 48 bits");
        AssertNotPoint(
            "[('x', '<i2'), ('y', '<f4'), ('', '|V2')]", notPoint + "Single at byte 4, and the record Single at byte 2");
        AssertNotPoint(
            "[('x', '<u2'), ('', '|V2'), ('y', '<f4')]", notPoint + "Int16 at byte 0, and the record UInt16");
        AssertNotPoint("[('x', '<i2'), ('', '|V6')]", notPoint + "2 fields, and the record 1");
        AssertNotPoint("[('x', '<U2')]", "they cannot be compared");
    }

    [Test]
    public void Records_in_the_other_byte_order_become_structs()
    {
        Item item = Receive(
            NumPy("[('flag', '|b1'), ('id', '|S3'), "
                + "('p', [('x', '>i2'), ('', '|V2'), ('y', '>f4')], (2,)), ('c', '>c8')]"),
            "ff 616263 ffff0000 3f800000 00020000 40000000 3f800000 40000000");
        Nested value = item.ToScalar<Nested>();
        Assert.That(value.Flag, Is.True);
        Assert.That(value.Id[2], Is.EqualTo((byte)'c'));
        Assert.That(value.Points[1], Is.EqualTo(new Point { X = 2, Y = 2 }));
        Assert.That(value.C, Is.EqualTo(new ComplexSingle(1, 2)));
        Assert.That(item.AsSpan<Nested>()[0].Points[0].Y, Is.EqualTo(1));
        Assert.That(item.Value.ToString(), Is.EqualTo(
            "(flag: True, id: 616263, p: [(x: -1, y: 1), (x: 2, y: 2)], c: <1; 2>)"));
    }

    [Test]
    public void Variable_length_follows_from_the_bytes()
    {
        Item item = Receive(Format("u16", new(2, ItemShape.Variable)), "0001 0002 0003 0004 0005 ff");
        Assert.That(item.Shape, Is.EqualTo(new ItemShape(2, 2)));
        Assert.That(item.Value.ToString(), Is.EqualTo("[[1, 2], [3, 4]]"), "what is left over is ignored");
        Assert.That(Receive(Format("u16", new(0, ItemShape.Variable)), "0001").Shape, Is.EqualTo(new ItemShape(0, 0)));
        Assert.That(
            Receive(Format("u4", ItemShape.Vector), "1230").Count, Is.EqualTo(4), "padding looks like an element");
    }

    [Test]
    public void Immediates_are_the_last_bytes()
    {
        HeapToSend heap = new();
        heap.AddImmediate(Id, 0x0102030405);
        Assert.Multiple(() =>
        {
            Assert.That(Receive(Format("u16", ItemShape.Scalar), heap).ToScalar<ushort>(), Is.EqualTo(0x0405));
            Assert.That(Receive(NumPy("<u2"), heap).ToScalar<ushort>(), Is.EqualTo(0x0504));
            Assert.That(Receive(Format("u40", ItemShape.Scalar), heap).ToScalar<ulong>(), Is.EqualTo(0x0102030405));
            Assert.That(
                Receive(Format("u8", ItemShape.Vector), heap).Value.ToString(), Is.EqualTo("[0, 1, 2, 3, 4, 5]"));
            Assert.That(Receive(Format("u8", new(0)), heap).Value.ToString(), Is.EqualTo("[]"));
        });
    }

    [Test]
    public void Item_without_a_value_says_so()
    {
        Item item = _items.Add(Format("u8", ItemShape.Vector));
        Assert.That(item.HasValue, Is.False);
        Assert.That(item.Count, Is.Zero);
        Assert.That(item.Shape, Is.EqualTo(ItemShape.Vector));
        Assert.That(item.Value.ToObject(), Is.Null);
        Assert.That($"{item.Value}", Is.Empty);
        Assert.That(() => item.ToArray<byte>(), Throws.InvalidOperationException);
        Assert.That(() => item.ToText(), Throws.InvalidOperationException);
    }

    [Test]
    public void Long_values_are_shortened_in_words()
    {
        Item item = Receive(Format("u8", new(1000, 1000)), new string('0', 2_000_000));
        Assert.That(item.Value.ToString().Length, Is.LessThan(500));
        item = Receive(Format("u8", new(1_000_000_000, 0)), "00");
        Assert.That(item.Value.ToString(), Does.StartWith("[[], []").And.EndsWith("…]"));
    }

    [TestCase(100, "")]
    [TestCase(101, "…")]
    public void Bytes_after_the_first_hundred_are_left_out(int count, string rest)
    {
        Item item = Receive(NumPy($"|V{count}"), string.Concat(Enumerable.Repeat("5a", count)));

        Assert.That(item.Value.ToString(), Is.EqualTo(string.Concat(Enumerable.Repeat("5A", 100)) + rest));
    }

    [Test]
    public void Values_that_do_not_fit_are_refused()
    {
        Assert.Multiple(() =>
        {
            AssertUnfit("u4", 16);
            AssertUnfit("u4", -1);
            AssertUnfit("i4", 8);
            AssertUnfit("i4", -9);
            AssertUnfit("u4", 1.5);
            AssertUnfit("f32", "1");
            AssertUnfit("f32", Complex.ImaginaryOne);
            AssertUnfit("b1", 1);
            AssertUnfit("c8", 'Ā');
            AssertUnfit("u4,u4", new object[] { 1 });
            Assert.That(() => Set(Format("u4", new(2)), new byte[3]), Throws.ArgumentException);
            Assert.That(() => Set(Format("u4", new(2, 2)), new byte[1, 4]), Throws.ArgumentException);
            Assert.That(() => Set(Format("u4", new(2, 2)), new byte[4, 1, 1]), Throws.ArgumentException);
            Assert.That(() => Set(Format("u4", new(3, ItemShape.Variable)), new byte[4]), Throws.ArgumentException);
            Assert.That(() => Set(Format("u4", new(2)), 7), Throws.ArgumentException);
            Assert.That(() => Set(Format("c8", new(2)), "é€"), Throws.ArgumentException);
            Assert.That(() => Set(NumPy("|S2"), "abc"), Throws.ArgumentException);
            Assert.That(() => Set(NumPy("|V2"), new byte[1]), Throws.ArgumentException);
            Assert.That(
                () => Set(NumPy("[('a', '|u1', (2,))]"), new object[] { new byte[1] }), Throws.ArgumentException);
            Assert.That(() => Set(Format("u4", new(2)), null!), Throws.ArgumentNullException);
            Assert.That(
                () => _items.Add(Format("u4", new(2))).SetElements<byte>([1, 16]),
                Throws.ArgumentException.With.Message.Contains("Element 1 is 16"));
            Assert.That(
                () => _items.Add(Format("i4", new(2))).SetElements<sbyte>([-9, 0]),
                Throws.ArgumentException.With.Message.Contains("Element 0 is -9"));
            Assert.That(
                () => _items.Add(Format("i4", new(2))).SetElements<byte>([0, 0]),
                Throws.InstanceOf<InvalidCastException>());
        });
    }

    [Test]
    public void Elements_that_are_set_are_packed()
    {
        Item item = _items.Add(Format("i4", ItemShape.Vector));
        item.SetElements<sbyte>([-8, 7, -1]);
        Assert.That(item.RawBytes.ToArray(), Is.EqualTo(new byte[] { 0x87, 0xf0 }));
        item = _items.Add(Format("b2", ItemShape.Vector));
        item.SetElements<bool>([true, false, true]);
        Assert.That(item.RawBytes.ToArray(), Is.EqualTo(new byte[] { 0x44 }));
        item.SetElements<bool>([]);
        Assert.That(item.Value.ToString(), Is.EqualTo("[]"));
    }

    private static ItemDescriptor NumPy(string type, params int[] shape) =>
        ItemDescriptor.FromNumPy(Id, "x", "", new(shape), ItemType.FromNumPy(type));

    private static ItemDescriptor Format(string fields, ItemShape shape) => ItemDescriptor.FromFormat(
        Id,
        "x",
        "",
        shape,
        [.. fields.Split(',').Select(field => new FormatField(field[0], int.Parse(field.AsSpan(1), provider: null)))]);

    private static string Bits(string text)
    {
        string bits = text.Replace(" ", "", StringComparison.Ordinal);
        bits = bits.PadRight((bits.Length + 7) / 8 * 8, '0');
        return string.Concat(bits.Chunk(8).Select(b => Convert.ToByte(new string(b), 2).ToString("x2", null)));
    }

    private static bool IsSame<T>(ReadOnlySpan<T> elements, ReadOnlySpan<byte> bytes)
        where T : unmanaged =>
        Unsafe.AreSame(
            ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(elements)), ref MemoryMarshal.GetReference(bytes));

    private static object Set(Item item, object value)
    {
        item.SetValue(value);
        return item;
    }

    private object Set(ItemDescriptor descriptor, object value) => Set(_items.Add(descriptor), value);

    private void AssertUnfit(string format, object value) =>
        Assert.That(() => Set(Format(format, ItemShape.Scalar), value), Throws.ArgumentException, $"{format} {value}");

    private void AssertNotPoint(string type, string message)
    {
        Item item = _items.Add(NumPy(type));
        item.SetValue(Enumerable.Repeat<object>(0, item.Type.Fields.Length)
            .Select((zero, i) => item.Type.Fields[i].Type.Kind == ItemKind.Text ? "" : zero).ToArray());
        Assert.That(
            () => item.ToScalar<Point>(), Throws.InstanceOf<InvalidCastException>().With.Message.Contains(message));
    }

    private void AssertScalar<T>(string type, string hex, T expected)
        where T : unmanaged => AssertScalar(NumPy(type), hex, expected);

    private void AssertScalar<T>(ItemDescriptor descriptor, string hex, T expected)
        where T : unmanaged
    {
        Item item = Receive(descriptor, hex);
        Assert.That(item.ToScalar<T>(), Is.EqualTo(expected));
        Assert.That(item.Value.ToObject(), Is.EqualTo(expected).And.TypeOf<T>());
        item.SetValue(expected);
        Assert.That(item.ToScalar<T>(), Is.EqualTo(expected), "set");
    }

    private Item Receive(ItemDescriptor descriptor, string hex)
    {
        HeapToSend heap = new();
        heap.AddItem(Id, Packets.Hex(hex + (hex.Count(Uri.IsHexDigit) % 2 == 0 ? "" : "0")), allowImmediate: false);
        return Receive(descriptor, heap);
    }

    private Item Receive(ItemDescriptor descriptor, HeapToSend heap)
    {
        Item item = _items.Add(descriptor);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
        _items.Update(received);
        return item;
    }

    private record struct Point
    {
        public short X;
        public float Y;
    }

    // Only what comes from a heap is ever in it.
#pragma warning disable CS0649
    private struct Nested
    {
        public bool Flag;
        public ThreeBytes Id;
        public TwoPoints Points;
        public ComplexSingle C;
    }
#pragma warning restore CS0649

    [InlineArray(3)]
    private struct ThreeBytes
    {
        private byte _first;
    }

    [InlineArray(2)]
    private struct TwoPoints
    {
        private Point _first;
    }
}
