// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Items.Descriptors;

/// <summary>The packed fields of a descriptor: texts, format and shape.</summary>
internal static class DescriptorFields
{
    private const int PointerBytes = 8;
    private const byte VariableFlag = 1;
    private const byte BuggyVariableFlag = 2;

    // What PySPEAD 0.5.2 writes, whatever the flavour.
    private const int BuggyFormatWidth = 4;
    private const int BuggyShapeWidth = 8;

    private const int MaxFormatFields = 4096;

    /// <summary>Bytes of a field of a format: the kind, and a number of as many bytes as an item identifier.</summary>
    public static int FormatWidth(int addressBits, BugCompat bugCompat) =>
        (bugCompat & BugCompat.DescriptorWidths) != 0 ? BuggyFormatWidth : 1 + PointerBytes - (addressBits / 8);

    /// <summary>Bytes of a field of a shape: the flags, and a number of as many bytes as a heap address.</summary>
    public static int ShapeWidth(int addressBits, BugCompat bugCompat) =>
        (bugCompat & BugCompat.DescriptorWidths) != 0 ? BuggyShapeWidth : 1 + (addressBits / 8);

    /// <summary>Reads a format as it was sent. Bytes at the end that do not fill a field are left out.</summary>
    /// <param name="bytes">The packed fields.</param>
    /// <param name="addressBits">Heap address bits of the descriptor's packets.</param>
    /// <param name="bugCompat">Bugs of the sender.</param>
    /// <param name="fault">Why nothing is read; else null.</param>
    public static SentField[] ReadFormat(
        ReadOnlySpan<byte> bytes, int addressBits, BugCompat bugCompat, out string? fault)
    {
        int width = FormatWidth(addressBits, bugCompat);
        int count = bytes.Length / width;
        fault = count > MaxFormatFields
            ? $"The format has {count} fields; at most {MaxFormatFields} are supported."
            : null;
        SentField[] fields = new SentField[fault is null ? count : 0];
        for (int i = 0; i < fields.Length; i++)
        {
            ReadOnlySpan<byte> field = bytes.Slice(i * width, width);
            fields[i] = new(field[0], ReadNumber(field[1..]));
        }

        return fields;
    }

    /// <summary>
    /// Reads the lengths of a shape as they were sent, <see cref="ItemShape.Variable"/> for those that vary. Bytes at
    /// the end that do not fill a field are left out.
    /// </summary>
    /// <inheritdoc cref="ReadFormat" path="/param"/>
    public static long[] ReadShape(
        ReadOnlySpan<byte> bytes, int addressBits, BugCompat bugCompat, out string? fault)
    {
        int width = ShapeWidth(addressBits, bugCompat);
        byte flag = ShapeFlag(bugCompat);
        int rank = bytes.Length / width;
        fault = rank > ItemShape.MaxRank
            ? $"The shape has {rank} dimensions; at most {ItemShape.MaxRank} are supported."
            : null;
        long[] lengths = new long[fault is null ? rank : 0];
        for (int i = 0; i < lengths.Length; i++)
        {
            ReadOnlySpan<byte> field = bytes.Slice(i * width, width);
            lengths[i] = (field[0] & flag) != 0 ? ItemShape.Variable : ReadNumber(field[1..]);
        }

        return lengths;
    }

    /// <summary>Writes a format.</summary>
    /// <exception cref="ArgumentException">A number of bits does not fit its field.</exception>
    public static byte[] WriteFormat(ReadOnlySpan<FormatField> format, Flavour flavour)
    {
        int width = FormatWidth(flavour.AddressBits, flavour.BugCompat);
        byte[] bytes = new byte[format.Length * width];
        for (int i = 0; i < format.Length; i++)
        {
            bytes[i * width] = (byte)format[i].Code;
            WriteNumber(bytes.AsSpan((i * width) + 1, width - 1), format[i].Bits, "field of the format");
        }

        return bytes;
    }

    /// <summary>Writes a shape.</summary>
    /// <exception cref="ArgumentException">A dimension does not fit its field.</exception>
    public static byte[] WriteShape(ItemShape shape, Flavour flavour)
    {
        int width = ShapeWidth(flavour.AddressBits, flavour.BugCompat);
        byte[] bytes = new byte[shape.Rank * width];
        for (int i = 0; i < shape.Rank; i++)
        {
            bool isVariable = shape[i] == ItemShape.Variable;
            bytes[i * width] = isVariable ? ShapeFlag(flavour.BugCompat) : (byte)0;
            WriteNumber(bytes.AsSpan((i * width) + 1, width - 1), isVariable ? 0 : shape[i], "dimension of the shape");
        }

        return bytes;
    }

    private static byte ShapeFlag(BugCompat bugCompat) =>
        (bugCompat & BugCompat.ShapeBit1) != 0 ? BuggyVariableFlag : VariableFlag;

    // At most 7 bytes: never negative.
    private static long ReadNumber(ReadOnlySpan<byte> bytes)
    {
        long number = 0;
        foreach (byte b in bytes)
        {
            number = (number << 8) | b;
        }

        return number;
    }

    private static void WriteNumber(Span<byte> bytes, long number, string what)
    {
        Span<byte> bigEndian = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bigEndian, number);
        if (bigEndian[..^bytes.Length].ContainsAnyExcept((byte)0))
        {
            throw new ArgumentException(
                $"A {what} is {number}, which does not fit in the {bytes.Length} bytes that the flavour has for it.");
        }

        bigEndian[^bytes.Length..].CopyTo(bytes);
    }
}
