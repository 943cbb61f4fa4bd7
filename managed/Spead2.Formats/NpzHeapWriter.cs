// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;

namespace Spead2.Formats;

/// <summary>
/// Writes each heap into an <c>.npz</c> file of its own: an array for each item that it has, and its cnt as <c>heap_cnt</c>.
/// </summary>
/// <remarks>
/// The files are numbered from <c>00000000.npz</c> on. They are not compressed, and the arrays are as
/// <see cref="NumPyExtensions.WriteNpy"/> writes them. Best for heaps that come a few times a second.
/// </remarks>
public sealed class NpzHeapWriter : HeapWriter
{
    private readonly string _folder;
    private long _length;

    /// <summary>Makes a writer.</summary>
    /// <param name="folder">The folder; it is made if it is not there.</param>
    /// <param name="descriptors">The items, for example <see cref="HeapWriter.DescriptorsOf">those of a group</see>.</param>
    /// <exception cref="ArgumentException">Two items have one identifier.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be made.</exception>
    public NpzHeapWriter(string folder, IEnumerable<ItemDescriptor> descriptors)
        : base(descriptors)
    {
        Directory.CreateDirectory(folder);
        _folder = folder;
    }

    /// <inheritdoc/>
    public override long Length => _length;

    private protected override void WriteRow(ulong cnt, ReadOnlySpan<Item?> values)
    {
        string path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{Heaps:00000000}.npz"));
        FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        try
        {
            using (file)
            {
                // Its end is written when it is disposed.
                using (ZipArchive archive = new(file, ZipArchiveMode.Create, leaveOpen: true))
                {
                    using (Stream entry = Open(archive, FieldNames.HeapCnt))
                    {
                        entry.Write(NpyHeader.Write(ItemType.FromNumPy("<u8"), "()", isFortranOrder: false));
                        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
                        BinaryPrimitives.WriteUInt64LittleEndian(bytes, cnt);
                        entry.Write(bytes);
                    }

                    for (int i = 0; i < values.Length; i++)
                    {
                        if (values[i] is { } item)
                        {
                            using Stream entry = Open(archive, Names[i]);
                            item.WriteNpy(entry);
                        }
                    }
                }

                file.Flush();
                _length += file.Length;
            }
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    private protected override void Close()
    {
        // Each file has been ended.
    }

    private static Stream Open(ZipArchive archive, string name) =>
        archive.CreateEntry($"{name}.npy", CompressionLevel.NoCompression).Open();
}
