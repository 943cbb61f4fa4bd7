// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Spead2.Items.Values;

namespace Spead2.Aot;

/// <summary>How the elements of an item are in memory for C programs.</summary>
/// <param name="Type">As NumPy writes it.</param>
/// <param name="Size">Bytes of one; 0 if they are no whole bytes.</param>
/// <param name="IsAsSent">They are left as they were sent.</param>
internal readonly record struct ItemElements(string Type, int Size, bool IsAsSent = false)
{
    private const int BitsPerByte = 8;
    private const int CodePointSize = 4;

    private static readonly string Order = BitConverter.IsLittleEndian ? "<" : ">";

    public static ItemElements Of(ItemType type)
    {
        int bytes = type.BitWidth / BitsPerByte;
        return type.Native switch
        {
            NativeCode.Byte => new("|u1", 1),
            NativeCode.SByte => new("|i1", 1),
            NativeCode.UInt16 => new(Order + "u2", 2),
            NativeCode.Int16 => new(Order + "i2", 2),
            NativeCode.UInt32 => new(Order + "u4", 4),
            NativeCode.Int32 => new(Order + "i4", 4),
            NativeCode.UInt64 => new(Order + "u8", 8),
            NativeCode.Int64 => new(Order + "i8", 8),
            NativeCode.Half => new(Order + "f2", 2),
            NativeCode.Single => new(Order + "f4", 4),
            NativeCode.Double => new(Order + "f8", 8),
            NativeCode.ComplexSingle => new(Order + "c8", 8),
            NativeCode.Complex => new(Order + "c16", 16),
            NativeCode.Time => new(Order + type.ToString()[1..], sizeof(long)),
            NativeCode.Boolean => new("|b1", 1),
            NativeCode.Character => new("|S1", 1),
            NativeCode.Bytes => new($"|S{bytes}", bytes),
            NativeCode.Text => new($"{Order}U{bytes / CodePointSize}", bytes),
            NativeCode.Raw => new($"|V{bytes}", bytes),
            NativeCode.Unknown => new("", 0),
            _ => new(type.ToString(), type.BitWidth % BitsPerByte == 0 ? bytes : 0, IsAsSent: true),
        };
    }

    /// <summary>Whether elements of the sender, whose order of indices is right, are as C programs get them.</summary>
    public bool AreAsSent(ItemType type) =>
        IsAsSent
        || type.IsNativeLayout
        || type.Native is NativeCode.Bytes or NativeCode.Raw or NativeCode.Character
        || (type.Native == NativeCode.Text && type.IsLittleEndian == BitConverter.IsLittleEndian);

    /// <summary>Reads elements as C programs get them, in the order of the sender.</summary>
    public void Read(ItemType type, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (IsAsSent || type.Native is NativeCode.Bytes or NativeCode.Raw or NativeCode.Character)
        {
            source.CopyTo(destination);
        }
        else if (type.Native == NativeCode.Text)
        {
            source.CopyTo(destination);
            if (type.IsLittleEndian != BitConverter.IsLittleEndian)
            {
                Span<uint> codePoints = MemoryMarshal.Cast<byte, uint>(destination);
                BinaryPrimitives.ReverseEndianness(codePoints, codePoints);
            }
        }
        else
        {
            ElementReader.Read(
                type, source, firstBit: 0, type.BitWidth, destination, bigEndian: !BitConverter.IsLittleEndian);
        }
    }

    /// <summary>Puts elements from Fortran order, where the first index is the fastest, into C order.</summary>
    public void ToRowMajor(ReadOnlySpan<long> dimensions, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        Span<int> index = stackalloc int[dimensions.Length];
        index.Clear();
        for (int to = 0; to < destination.Length; to += Size)
        {
            int from = 0;
            for (int i = dimensions.Length - 1; i >= 0; i--)
            {
                from = (from * (int)dimensions[i]) + index[i];
            }

            source.Slice(from * Size, Size).CopyTo(destination[to..]);
            for (int i = dimensions.Length - 1; i >= 0 && ++index[i] == dimensions[i]; i--)
            {
                index[i] = 0;
            }
        }
    }
}
