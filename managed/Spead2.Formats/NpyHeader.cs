// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Text;
using Spead2.Items.Descriptors;

namespace Spead2.Formats;

/// <summary>The header of an <c>.npy</c> file, as <c>numpy.lib.format</c> describes it.</summary>
internal static class NpyHeader
{
    // Data begins at a multiple of this.
    private const int Alignment = 64;

    // Magic and version; then the length of the text, of 2 bytes in version 1.
    private const int PrefixLength = 8;

    // More than any header of a type that is supported; what is longer is no header.
    private const int LongestText = 1 << 24;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Makes a header.</summary>
    /// <param name="type">Type of the elements, one that NumPy has.</param>
    /// <param name="shape">Shape, as Python writes a tuple.</param>
    /// <param name="isFortranOrder">Whether the first dimension is the fastest.</param>
    /// <param name="length">Bytes that it must have; 0: as many as it needs.</param>
    public static byte[] Write(ItemType type, string shape, bool isFortranOrder, int length = 0)
    {
        string text = $"{{'descr': {NumPyType.Write(type, swap: false)}, "
            + $"'fortran_order': {(isFortranOrder ? "True" : "False")}, 'shape': {shape}, }}";
        int sizeOfLength = PrefixLength + sizeof(ushort) + text.Length + Alignment > ushort.MaxValue ? sizeof(uint) : sizeof(ushort);
        int textStart = PrefixLength + sizeOfLength;
        int needed = (textStart + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        byte[] header = new byte[Math.Max(needed, length)];
        Magic.CopyTo(header);
        header[PrefixLength - 2] = sizeOfLength == sizeof(ushort) ? (byte)1 : (byte)2;
        if (sizeOfLength == sizeof(ushort))
        {
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(PrefixLength), (ushort)(header.Length - textStart));
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(PrefixLength), header.Length - textStart);
        }

        Span<byte> rest = header.AsSpan(textStart);
        rest.Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, rest);
        rest[^1] = (byte)'\n';
        return header;
    }

    /// <summary>Reads a header; the stream is then where the data begins.</summary>
    /// <exception cref="InvalidDataException">It is none, or of a type that is not supported.</exception>
    /// <exception cref="EndOfStreamException">It is cut short.</exception>
    public static NumPyHeader Read(Stream stream)
    {
        Span<byte> prefix = stackalloc byte[PrefixLength];
        stream.ReadExactly(prefix);
        if (!prefix.StartsWith(Magic))
        {
            throw new InvalidDataException("This is no npy file: it does not begin with \\x93NUMPY.");
        }

        byte version = prefix[PrefixLength - 2];
        if (version is not (1 or 2 or 3))
        {
            throw new InvalidDataException($"The npy file has version {version}; 1 to 3 are supported.");
        }

        Span<byte> lengthBytes = stackalloc byte[sizeof(uint)];
        lengthBytes.Clear();
        stream.ReadExactly(lengthBytes[..(version == 1 ? sizeof(ushort) : sizeof(uint))]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(lengthBytes);
        if (length > LongestText)
        {
            throw new InvalidDataException($"The header of the npy file has {length} bytes; at most {LongestText} are supported.");
        }

        byte[] text = new byte[length];
        stream.ReadExactly(text);
        try
        {
            return NumPyHeader.Parse((version == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(text), swap: false);
        }
        catch (HeapFormatException exception)
        {
            throw new InvalidDataException(exception.Message, exception);
        }
    }
}
