// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;

namespace Spead2.Formats.Tests;

/// <summary>Items of every kind, with values that show a wrong byte order, sign or place.</summary>
internal static class EveryKind
{
    private const int FirstId = 0x2000;

    /// <summary>Makes a group with all of them.</summary>
    public static ItemGroup Make()
    {
        ItemGroup items = [];
        Format("u12", new ItemShape(3), new short[] { 1, 0x123, 0xfff }, new FormatField('u', 12));
        Format("i5", new ItemShape(2, 3), new int[] { -16, 15, -1, 0, 7, -8 }, new FormatField('i', 5));
        Format("u64", ItemShape.Scalar, 0xfedcba9876543210, new FormatField('u', 64));
        Format("u100", new ItemShape(2), new BigInteger[] { 1, (BigInteger.One << 99) + 5 }, new FormatField('u', 100));
        Format("i72", new ItemShape(2), new BigInteger[] { -1, -(BigInteger.One << 70) }, new FormatField('i', 72));
        Format("b1", new ItemShape(5), new bool[] { true, false, true, true, false }, new FormatField('b', 1));
        Format("b8", new ItemShape(2), new bool[] { false, true }, new FormatField('b', 8));
        Format("f32", ItemShape.Scalar, -1.5f, new FormatField('f', 32));
        Format("text", ItemShape.Vector, "station é", new FormatField('c', 8));
        Format("chars", new ItemShape(2, 2), new char[] { 'a', 'b', 'c', 'd' }, new FormatField('c', 8));
        Format("variable", new ItemShape(ItemShape.Variable, 2), new short[] { 1, -2, 300, -400, 5000, -6000 }, new FormatField('i', 16));
        Format("inner", new ItemShape(2, ItemShape.Variable), new byte[] { 1, 2, 3, 4, 5, 6 }, new FormatField('u', 8));
        Format(
            "bits", new ItemShape(2),
            new object[] { new object[] { true, (sbyte)-64, 0x12345u, 2.5f }, new object[] { false, (sbyte)63, 0xabcdeu, -0f } },
            new('b', 1), new('i', 7), new('u', 20), new('f', 32));
        NumPy("u1", "|u1", [3], new byte[] { 0, 127, 255 });
        NumPy("i1", "|i1", [2], new sbyte[] { -128, 127 });
        NumPy("little", "<u2", [2, 2], new ushort[] { 1, 0x1234, 0xffff, 7 });
        NumPy("big", ">u2", [2, 2], new ushort[] { 1, 0x1234, 0xffff, 7 });
        NumPy("fortran", ">i4", [2, 3], new int[] { 1, -2, 3, -4, 5, 0x12345678 }, isFortranOrder: true);
        NumPy("i8", ">i8", [], long.MinValue + 1);
        NumPy("half", "<f2", [2], new Half[] { (Half)1.5, Half.NegativeInfinity });
        NumPy("single", ">f4", [3], new float[] { 1.25f, float.NaN, -0f });
        NumPy("double", "<f8", [2], new double[] { double.Epsilon, Math.PI });
        NumPy("c8", ">c8", [2], new ComplexSingle[] { new(1, -2), new(3.5f, 0) });
        NumPy("c16", "<c16", [1, 2], new Complex[] { new(1, -2), new(Math.E, -0.0) });
        NumPy("f16", "<f16", [2], new double[] { 1.5, -2 });
        NumPy("c32", "<c32", [1], new Complex[] { new(1.5, -2) });
        NumPy("bool", "|b1", [3], new bool[] { true, false, true });
        NumPy("bytes", "|S5", [2], new byte[][] { "abc"u8.ToArray(), "defgh"u8.ToArray() });
        NumPy("U", ">U3", [2], new string[] { "é😀", "abc" });
        NumPy("raw", "|V4", [2], new byte[][] { [1, 2, 3, 0], [0, 0, 0, 4] });
        NumPy("long", "|S40", [3], new byte[][] { "abc"u8.ToArray(), "d"u8.ToArray(), "0123456789012345678901234567890123456789"u8.ToArray() });
        NumPy("time", ">M8[ns]", [2], new long[] { 1, 1_700_000_000_123_456_789 });
        NumPy("day", "<M8[D]", [2], new long[] { -1, 20_000 });
        NumPy("length", "<m8[us]", [2], new long[] { -5, long.MinValue });
        NumPy("open", "<m8", [1], new long[] { 77 });
        NumPy(
            "record", "[('a', '<u2'), ('', '|V2'), ('b', '>f4', (3,)), ('c', [('d', '>c8'), ('e', '|b1')])]", [2],
            new object[]
            {
                new object[] { (ushort)1, new float[] { 1, 2, 3 }, new object[] { new ComplexSingle(1, 2), true } },
                new object[] { (ushort)0xff00, new float[] { -1, -2, -3 }, new object[] { new ComplexSingle(-1, -2), false } },
            });
        NumPy("", "<u4", [], 5u);
        NumPy("a/b c%", "<u4", [], 6u);
        return items;

        void Format(string name, ItemShape shape, object value, params FormatField[] fields) =>
            items.Add(ItemDescriptor.FromFormat(FirstId + items.Count, name, $"of {name}", shape, fields)).SetValue(value);

        void NumPy(string name, string type, int[] shape, object value, bool isFortranOrder = false) =>
            items.Add(ItemDescriptor.FromNumPy(
                FirstId + items.Count, name, $"of {name}", new(shape.AsSpan()), ItemType.FromNumPy(type), isFortranOrder))
                .SetValue(value);
    }

    /// <summary>Whether two items have equal values, if possible of equal type.</summary>
    public static void AssertSame(Item actual, Item expected)
    {
        Assert.That(Values(actual).ToJsonString(), Is.EqualTo(Values(expected).ToJsonString()), $"{expected}");
    }

    /// <summary>The elements, flat, in a form that Python writes, too (read_back.py).</summary>
    public static JsonArray Values(Item item)
    {
        object? value = item.Type.IsTime ? item.ToArray<long>()
            : item.Descriptor.IsText ? item.AsSpan<byte>().ToArray().Select(b => new byte[] { b }).ToArray()
            : item.Value.ToObject();
        bool isScalar = value is byte[] && item.Type.NativeType == typeof(byte[]);
        return value is Array array && !isScalar
            ? [.. array.Cast<object>().Select(element => Of(element, item.Type))]
            : [Of(value!, item.Type)];
    }

    private static JsonNode? Of(object element, ItemType type) => element switch
    {
        BigInteger number => Hex(number, type),
        char character => Hex([(byte)character]),
        byte[] when element.GetType() == typeof(byte[]) => Hex((byte[])element),
        string text => text,
        bool flag => flag,
        Half number => Hex((double)number),
        float number => Hex(number),
        double number => Hex(number),
        ComplexSingle number => new JsonArray(Hex(number.Real), Hex(number.Imaginary)),
        Complex number => new JsonArray(Hex(number.Real), Hex(number.Imaginary)),
        ItemRecord record => new JsonArray([.. record.Zip(record.Fields).Select(pair => Field(pair.First, pair.Second))]),
        ulong number => number,
        _ => Convert.ToInt64(element, CultureInfo.InvariantCulture),
    };

    private static JsonNode? Field(object value, ItemField field) => field.Shape.Rank > 0
        ? new JsonArray([.. ((Array)value).Cast<object>().Select(element => Of(element, field.Type))])
        : Of(value, field.Type);

    /// <summary>A number with all its bits.</summary>
    public static string Hex(double number) =>
        double.IsNaN(number) ? "nan" : BitConverter.DoubleToInt64Bits(number).ToString("x16", CultureInfo.InvariantCulture);

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    // As the bytes that files have for large integers.
    private static string Hex(BigInteger number, ItemType type)
    {
        byte[] bytes = new byte[(type.BitWidth + 7) / 8];
        bytes.AsSpan().Fill(number.Sign < 0 ? byte.MaxValue : (byte)0);
        byte[] digits = number.ToByteArray(isUnsigned: type.Kind == ItemKind.UnsignedInteger, isBigEndian: true);
        digits.CopyTo(bytes.AsSpan(bytes.Length - digits.Length));
        return Hex(bytes);
    }
}
