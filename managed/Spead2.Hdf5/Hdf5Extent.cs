// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Spead2.Hdf5;

/// <summary>
/// Sets the lengths of datasets in a file that PureHDF has written. PureHDF must know them before it writes data, so datasets
/// are made for all that may come, and cut to what has come: the first dimension in their object headers (HDF5 file format
/// specification, version 3: IV.A.1.b and IV.A.2.b).
/// </summary>
internal static class Hdf5Extent
{
    // Superblock of version 2 or 3: where the address of the root group is.
    private const int RootAddressOffset = 36;

    // Object header of version 2: signature, version, flags; with bit 2 of flags times, with bit 4 limits of attributes.
    private const int HeaderStart = 6;
    private const int TimesLength = 16;
    private const int LimitsLength = 4;

    private const byte DataspaceMessage = 1;
    private const byte LinkMessage = 6;

    // Type, size and flags of a message; with bit 2 of the header's flags the order of creation.
    private const int MessageStart = 4;

    // Version, rank, flags and type of a dataspace of version 2.
    private const int DimensionsOffset = 4;

    /// <summary>Sets the first dimension of each dataset.</summary>
    /// <param name="file">The file.</param>
    /// <param name="rows">The length for each dataset, by its path.</param>
    /// <exception cref="InvalidDataException">The file is not as PureHDF writes it, or lacks a dataset.</exception>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static void Set(Stream file, Dictionary<string, ulong> rows)
    {
        byte[] address = Read(file, RootAddressOffset, sizeof(ulong));
        HashSet<string> set = [];
        Visit(file, BinaryPrimitives.ReadUInt64LittleEndian(address), "", rows, set);
        if (rows.Keys.FirstOrDefault(path => !set.Contains(path)) is { } missing)
        {
            throw new InvalidDataException($"The HDF5 file has no dataset '{missing}' whose length could be set.");
        }
    }

    private static void Visit(Stream file, ulong address, string path, Dictionary<string, ulong> rows, HashSet<string> set)
    {
        byte[] start = Read(file, address, HeaderStart);
        if (!start.AsSpan().StartsWith("OHDR\u0002"u8))
        {
            throw new InvalidDataException($"There is no object header of version 2 for '{path}' at {address} of the HDF5 file.");
        }

        int flags = start[HeaderStart - 1];
        int sizeLength = 1 << (flags & 3);
        int sizeOffset = HeaderStart + ((flags & 0x20) != 0 ? TimesLength : 0) + ((flags & 0x10) != 0 ? LimitsLength : 0);
        byte[] size = new byte[sizeof(ulong)];
        Read(file, address + (ulong)sizeOffset, sizeLength).CopyTo(size, 0);
        int first = sizeOffset + sizeLength;
        int length = checked(first + (int)BinaryPrimitives.ReadUInt64LittleEndian(size));
        byte[] header = Read(file, address, length + sizeof(uint));
        if (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(length)) != Checksum(header.AsSpan(0, length)))
        {
            throw new InvalidDataException($"The object header of '{path}' in the HDF5 file has a wrong checksum.");
        }

        int messageStart = MessageStart + ((flags & 4) != 0 ? sizeof(ushort) : 0);
        for (int at = first; at + messageStart <= length;)
        {
            int messageLength = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(at + 1));
            Span<byte> message = header.AsSpan(at + messageStart, messageLength);
            if (header[at] == LinkMessage)
            {
                (string name, ulong target) = Link(message);
                Visit(file, target, path.Length == 0 ? name : $"{path}/{name}", rows, set);
            }
            else if (header[at] == DataspaceMessage && rows.TryGetValue(path, out ulong count) && message[1] > 0)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(message[DimensionsOffset..], count);
                BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(length), Checksum(header.AsSpan(0, length)));
                file.Position = (long)address;
                file.Write(header);
                set.Add(path);
            }

            at += messageStart + messageLength;
        }
    }

    // Version, flags; with bit 3 of flags the type of link, bit 2 the order of creation, bit 4 the encoding; the length of the
    // name in as many bytes as the lowest two bits say, the name, and the address.
    private static (string Name, ulong Address) Link(ReadOnlySpan<byte> message)
    {
        int flags = message[1];
        int at = 2 + ((flags & 8) != 0 ? 1 : 0) + ((flags & 4) != 0 ? sizeof(ulong) : 0) + ((flags & 16) != 0 ? 1 : 0);
        int lengthSize = 1 << (flags & 3);
        int length = 0;
        for (int i = lengthSize - 1; i >= 0; i--)
        {
            length = (length << 8) | message[at + i];
        }

        at += lengthSize;
        return (
            Encoding.UTF8.GetString(message.Slice(at, length)),
            BinaryPrimitives.ReadUInt64LittleEndian(message[(at + length)..]));
    }

    private static byte[] Read(Stream file, ulong offset, int length)
    {
        byte[] bytes = new byte[length];
        file.Position = checked((long)offset);
        file.ReadExactly(bytes);
        return bytes;
    }

    // Jenkins' lookup3 (hashlittle), which the format prescribes.
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        const int block = 12;
        uint a = 0xdeadbeef + (uint)bytes.Length;
        uint b = a;
        uint c = a;
        while (bytes.Length > block)
        {
            Add(bytes, ref a, ref b, ref c);
            a = (a - c) ^ BitOperations.RotateLeft(c, 4);
            c += b;
            b = (b - a) ^ BitOperations.RotateLeft(a, 6);
            a += c;
            c = (c - b) ^ BitOperations.RotateLeft(b, 8);
            b += a;
            a = (a - c) ^ BitOperations.RotateLeft(c, 16);
            c += b;
            b = (b - a) ^ BitOperations.RotateLeft(a, 19);
            a += c;
            c = (c - b) ^ BitOperations.RotateLeft(b, 4);
            b += a;
            bytes = bytes[block..];
        }

        if (bytes.IsEmpty)
        {
            return c;
        }

        Span<byte> last = stackalloc byte[block];
        last.Clear();
        bytes.CopyTo(last);
        Add(last, ref a, ref b, ref c);
        c = (c ^ b) - BitOperations.RotateLeft(b, 14);
        a = (a ^ c) - BitOperations.RotateLeft(c, 11);
        b = (b ^ a) - BitOperations.RotateLeft(a, 25);
        c = (c ^ b) - BitOperations.RotateLeft(b, 16);
        a = (a ^ c) - BitOperations.RotateLeft(c, 4);
        b = (b ^ a) - BitOperations.RotateLeft(a, 14);
        return (c ^ b) - BitOperations.RotateLeft(b, 24);
    }

    private static void Add(ReadOnlySpan<byte> block, ref uint a, ref uint b, ref uint c)
    {
        a += BinaryPrimitives.ReadUInt32LittleEndian(block);
        b += BinaryPrimitives.ReadUInt32LittleEndian(block[sizeof(uint)..]);
        c += BinaryPrimitives.ReadUInt32LittleEndian(block[(2 * sizeof(uint))..]);
    }
}
