// SPDX-License-Identifier: MIT

using System.IO.Compression;
using Spead2.Items.Descriptors;

namespace Spead2.Formats;

/// <summary>Writes items as NumPy's files, and reads items from them.</summary>
public static class NumPyExtensions
{
    private const string Extension = ".npy";

    // Memory is taken as data arrives, so that a header alone does not take more than this.
    private const int PieceLength = 1 << 24;

    /// <summary>Writes the value of an item as an <c>.npy</c> file, which <c>numpy.load</c> reads.</summary>
    /// <param name="item">
    /// An item with a value. Elements that NumPy has a type for are written as they were sent, in their byte order and in the
    /// order of their dimensions. Integers that fill no whole bytes are written as the smallest that holds them, larger
    /// ones than of 64 bits as bytes (<c>V</c>), most significant first, and booleans as 0 and 1. Of a value that cannot be
    /// interpreted the bytes are written (<c>u1</c>).
    /// </param>
    /// <param name="stream">Where it is written; it need not be able to seek.</param>
    /// <exception cref="InvalidOperationException">The item has no value.</exception>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void WriteNpy(this Item item, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(item);
        ArgumentNullException.ThrowIfNull(stream);
        ItemType stored = TypeOf(item);
        ReadOnlySpan<byte> elements = StoredValue.InMemoryOrder(item, stored);
        stream.Write(NpyHeader.Write(stored, $"{StoredValue.ShapeOf(item)}", item.HasValue && item.Descriptor.IsFortranOrder));
        stream.Write(elements);
        GC.KeepAlive(item);
    }

    /// <summary>Adds an item whose type, shape and value come from an <c>.npy</c> file.</summary>
    /// <param name="items">The group. An item of the same name is replaced.</param>
    /// <param name="name">Name of the item, ASCII.</param>
    /// <param name="stream">The file; it is read up to the end of the array.</param>
    /// <returns>The item, with an identifier that was free.</returns>
    /// <exception cref="ArgumentException">The name is not ASCII.</exception>
    /// <exception cref="InvalidDataException">It is no such file, or its type is not supported: objects, for example.</exception>
    /// <exception cref="EndOfStreamException">It is cut short.</exception>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    public static Item AddNpy(this ItemGroup items, string name, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(stream);
        NumPyHeader header = NpyHeader.Read(stream);
        long bits = (long)header.Shape.FixedCount * header.Type.BitWidth;
        byte[] elements = ReadExactly(stream, bits / 8);
        Item item = items.Add(ItemDescriptor.FromNumPy(
            items.AllocateId(), name, description: "", header.Shape, header.Type, header.IsFortranOrder));
        item.SetBytes(elements);
        return item;
    }

    /// <summary>Adds an item for each array of an <c>.npz</c> file, named as the array is.</summary>
    /// <param name="items">The group. Items of the same names are replaced.</param>
    /// <param name="stream">The file.</param>
    /// <returns>The items, in the order of the file.</returns>
    /// <exception cref="InvalidDataException">It is no such file, or an array is not supported.</exception>
    /// <inheritdoc cref="AddNpy" path="/exception"/>
    public static IReadOnlyList<Item> AddNpz(this ItemGroup items, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(items);
        using ZipArchive archive = new(stream, ZipArchiveMode.Read, leaveOpen: true);
        List<Item> added = [];
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            using Stream array = entry.Open();
            string name = entry.FullName;
            name = name.EndsWith(Extension, StringComparison.Ordinal) ? name[..^Extension.Length] : name;
            added.Add(items.AddNpy(name, array));
        }

        return added;
    }

    /// <summary>The type that an item's value is written as.</summary>
    internal static ItemType TypeOf(Item item) =>
        item.HasRawBytes && !item.HasValue ? ItemType.FromNumPy("|u1") : StoredType.Of(item.Type, isNative: false);

    private static byte[] ReadExactly(Stream stream, long length)
    {
        if (length > Array.MaxLength)
        {
            throw new InvalidDataException($"The array of the npy file has {length} bytes; at most {Array.MaxLength} are supported.");
        }

        byte[] bytes = new byte[Math.Min(length, PieceLength)];
        for (int read = 0; ;)
        {
            stream.ReadExactly(bytes.AsSpan(read));
            read = bytes.Length;
            if (read == length)
            {
                return bytes;
            }

            Array.Resize(ref bytes, (int)Math.Min(length, 2L * read));
        }
    }
}
