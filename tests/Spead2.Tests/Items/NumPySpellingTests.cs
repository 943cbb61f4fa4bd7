// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>NumPy headers in the spellings of Python, of old NumPy and of other senders.</summary>
public sealed class NumPySpellingTests
{
    [TestCase("u'<i4'", "<i4")]
    [TestCase("U\"<i4\"", "<i4")]
    [TestCase("r'<i4'", "<i4")]
    [TestCase("'<' 'i' u'4'", "<i4")]
    [TestCase("'''<i4'''", "<i4")]
    [TestCase("'\\\\x3ci\\\\64'", "<i4")]
    [TestCase("'\\\\u003c\\\\U00000069\\\\\n4'", "<i4")]
    [TestCase("'\\\\74\\\\151\\\\062'", "<i2")]
    [TestCase("'float32'", "<f4")]
    [TestCase("'half'", "<f2")]
    [TestCase("'int'", "<i8")]
    [TestCase("'unicode', 3", "<U3")]
    [TestCase("'<h'", "<i2")]
    [TestCase("'>Q'", ">u8")]
    [TestCase("'b'", "|i1")]
    [TestCase("'?'", "|b1")]
    [TestCase("'c'", "|S1")]
    [TestCase("'a5'", "|S5")]
    [TestCase("'=i4'", "<i4")]
    [TestCase("'|i4'", "<i4")]
    [TestCase("'i08'", "<i8")]
    [TestCase("'<e'", "<f2")]
    [TestCase("'g'", "<f16")]
    [TestCase("'>f16'", ">f16")]
    [TestCase("'G'", "<c32")]
    [TestCase("'M8[ns]'", "<M8[ns]")]
    [TestCase("'>m8[25s]'", ">m8[25s]")]
    [TestCase("'datetime64[1us]'", "<M8[us]")]
    [TestCase("'timedelta64'", "<m8")]
    [TestCase("'M8[generic]'", "<M8")]
    [TestCase("[('a', '<u2', [2])]", "[('a', '<u2', (2,))]")]
    [TestCase("[('a', '<u2', 2)]", "[('a', '<u2', (2,))]")]
    [TestCase("[('a', '<u2', 1)]", "[('a', '<u2')]")]
    [TestCase("[('a', '<u2', (1,))]", "[('a', '<u2', (1,))]")]
    [TestCase("[('a', ('<u2', (2,)), (3L, 0x4))]", "[('a', '<u2', (3, 4, 2))]")]
    [TestCase("[['a', '<u2']]", "[('a', '<u2')]")]
    [TestCase("[(('a title', u'a'), '<u2'), ((None, 'b'), 'i1')]", "[('a', '<u2'), ('b', '|i1')]")]
    [TestCase("[('a', 'S', 5)]", "[('a', '|S5')]")]
    [TestCase("[('', '|V4')]", "|V4")]
    [TestCase("[('', '<i4', (2,)), ('a', '|u1')]", "[('', '|V8'), ('a', '|u1')]")]
    [TestCase("\\\n'<i4'", "<i4")]
    [TestCase("# a comment\n  '<i4' # and another\r\n", "<i4")]
    public void Type_has_many_spellings(string descr, string type)
    {
        bool isPair = descr.EndsWith(", 3", StringComparison.Ordinal);
        ItemDescriptor descriptor = Read(
            $"{{'descr': {(isPair ? $"({descr})" : descr.Replace("\\\\", "\\", StringComparison.Ordinal))}, "
            + "'fortran_order': False, 'shape': ()}\n");

        Assert.That(descriptor.Type.ToString(), Is.EqualTo(type));
        Assert.That(descriptor.Type, Is.EqualTo(ItemType.FromNumPy(type)), "what NumPy writes");
    }

    [TestCase("(3L, 2L)", "(3, 2)")]
    [TestCase("(3 L,)", "(3,)")]
    [TestCase("(3\t\\\n\fL, 2\\\r\nL)", "(3, 2)")]
    [TestCase("(0xff, 0o17, 0B1_0)", "(255, 15, 2)")]
    [TestCase("(1_000,)", "(1000,)")]
    [TestCase("(+3, 00, -0)", "(3, 0, 0)")]
    [TestCase("(0x_fL, )", "(15,)")]
    [TestCase("(3,\r\n # rows\n 2,\f)", "(3, 2)")]
    [TestCase("(3000000000, 0)", "(3000000000, 0)")]
    [TestCase("(9223372036854775807, 0)", "(9223372036854775807, 0)")]
    public void Shape_has_many_spellings(string shape, string expected)
    {
        ItemDescriptor descriptor = Read($"{{'descr': '<i4', 'fortran_order': False, 'shape': {shape}}}");

        Assert.That(descriptor.Shape.ToString(), Is.EqualTo(expected));
    }

    [Test]
    public void Dimensions_beside_zero_may_be_large()
    {
        using ItemGroup items = new();
        HeapToSend heap = new();
        heap.AddDescriptor(RawDescriptor.Encode(
            0x1000, "x", dtype: "{'descr': '<i4', 'fortran_order': True, 'shape': (3000000000, 0, 2)}"));
        heap.AddImmediate(0x1000, 0);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);

        Item item = items.Update(received).Single();

        Assert.That(item.Shape, Is.EqualTo(new ItemShape(3_000_000_000, 0, 2)));
        Assert.That(item.Count, Is.Zero);
        Assert.That(item.AsSpan<int>().IsEmpty, Is.True);
        Assert.That(item.ToArray<int>(), Is.Empty);
        Assert.That(item.AsTensor<int>().Lengths[0], Is.EqualTo(unchecked((nint)3_000_000_000)));
        Assert.That(item.Value.ToObject(), Is.Empty);
        Assert.That(item.Value.ToString(), Does.StartWith("[[], []"));
    }

    [TestCase("(0, 9223372036854775807)", null)]
    [TestCase("(4611686018427387904, 0)", null)]
    [TestCase("(3037000499, 3037000500, 0)", null)]
    [TestCase("(0, 4611686018427387904, 2)", "strides")]
    [TestCase("(3037000500, 0, 3037000500)", "strides")]
    public void Dimensions_beside_zero_make_at_most_a_signed_number_of_64_bits(string shape, string? fault)
    {
        foreach (string isFortran in (string[])["True", "False"])
        {
            using ItemGroup items = new();
            HeapToSend heap = new();
            heap.AddDescriptor(RawDescriptor.Encode(
                0x1000, "x", dtype: $"{{'descr': '<i4', 'fortran_order': {isFortran}, 'shape': {shape}}}"));
            heap.AddImmediate(0x1000, 0);
            using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
            UpdatedItems updated = items.Update(received);

            Assert.That(
                updated.Failed.Select(failed => failed.Reason),
                fault is null ? Is.Empty : Has.One.Contains(fault));
            Assert.That(updated.Select(item => item.Shape.ToString()), fault is null ? Is.EqualTo([shape]) : Is.Empty);
            Assert.That(updated.Select(item => item.AsTensor<int>().FlattenedLength), Is.All.EqualTo((nint)0));
        }
    }

    private static ItemDescriptor Read(string header)
    {
        using ItemGroup items = new();
        HeapToSend heap = new();
        heap.AddDescriptor(RawDescriptor.Encode(0x1000, "x", dtype: header));
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
        Assert.That(items.Update(received).Failed, Is.Empty);
        return items["x"].Descriptor;
    }
}
