// SPDX-License-Identifier: MIT

namespace Spead2.Formats;

/// <summary>Writes heaps into files: of each the values that it brought.</summary>
/// <remarks>
/// <para>
/// What items there are is fixed when the writer is made, as files say it once; <see cref="Fits"/> tells when another writer is
/// needed, because the stream has described something new. A value that cannot be interpreted is written as bytes if its
/// item has no known type; otherwise it is left out, and counted in <see cref="ValuesLeftOut"/>.
/// </para>
/// <para>
/// A heap is written whole or not at all. After an <see cref="IOException"/>, of a full disk for example, <see cref="Dispose()"/>
/// still ends the files, which then hold the heaps before: <see cref="Heaps"/> of them.
/// </para>
/// <para>Threads: one at a time.</para>
/// </remarks>
public abstract class HeapWriter : IDisposable
{
    // Of NumPy and HDF5, of which the rows are one.
    private const int MostDimensionsOfRow = ItemShape.MaxRank - 1;

    private readonly Dictionary<long, int> _columns = [];
    private readonly Item?[] _row;
    private bool _isDisposed;

    /// <summary>Makes a writer for these items.</summary>
    /// <param name="descriptors">The items, for example <see cref="DescriptorsOf">those of a group</see>.</param>
    /// <exception cref="ArgumentException">Two of them have one identifier.</exception>
    private protected HeapWriter(IEnumerable<ItemDescriptor> descriptors)
    {
        ArgumentNullException.ThrowIfNull(descriptors);
        Descriptors = [.. descriptors];
        Names = FieldNames.Of(Descriptors);
        _row = new Item?[Descriptors.Count];
        for (int i = 0; i < Descriptors.Count; i++)
        {
            if (!_columns.TryAdd(Descriptors[i].Id, i))
            {
                throw new ArgumentException(
                    $"There are two items with the identifier 0x{Descriptors[i].Id:x}.", nameof(descriptors));
            }
        }
    }

    /// <summary>The items.</summary>
    public IReadOnlyList<ItemDescriptor> Descriptors { get; }

    /// <summary>Heaps that have been written.</summary>
    public long Heaps { get; private set; }

    /// <summary>Values that could not be interpreted, and are not in the files.</summary>
    public long ValuesLeftOut { get; private set; }

    /// <summary>Bytes of the files so far.</summary>
    public abstract long Length { get; }

    /// <summary>The names of the items in the files.</summary>
    private protected IReadOnlyList<string> Names { get; }

    /// <summary>What is known of all items of a group.</summary>
    public static IEnumerable<ItemDescriptor> DescriptorsOf(ItemGroup items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items.Select(item => item.Descriptor);
    }

    /// <summary>Whether a heap with these items can be written: all are described as they were to the writer.</summary>
    public virtual bool Fits(IEnumerable<Item> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items.All(item => ColumnOf(item) >= 0);
    }

    /// <summary>Writes a heap.</summary>
    /// <param name="cnt">Its cnt (<see cref="Receive.Heap.Cnt"/>).</param>
    /// <param name="items">
    /// The items that it gave a value, as <see cref="ItemGroup.Update"/> returns them. Values are read during the call only.
    /// </param>
    /// <exception cref="ArgumentException">An item is not as it was described (<see cref="Fits"/>).</exception>
    /// <exception cref="IOException">The heap cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">The writer has been disposed.</exception>
    public void Write(ulong cnt, IEnumerable<Item> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Array.Clear(_row);
        long leftOut = 0;
        foreach (Item item in items)
        {
            int column = ColumnOf(item);
            if (column < 0)
            {
                throw new ArgumentException(
                    $"Item 0x{item.Id:x} '{item.Name}' is not as it was described to the writer.", nameof(items));
            }

            bool isStored = item.HasValue || item.Type.Kind == ItemKind.Unknown;
            _row[column] = isStored && item.HasRawBytes ? item : null;
            leftOut += isStored ? 0 : 1;
        }

        WriteRow(cnt, _row);
        GC.KeepAlive(items);
        Heaps++;
        ValuesLeftOut += leftOut;
    }

    /// <summary>Ends the files. Calling it again does nothing.</summary>
    /// <exception cref="IOException">Something that was written has not got to where it should.</exception>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            Close();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Whether all values of an item are equally large, so that each is a row.</summary>
    internal static bool HasRows(ItemDescriptor descriptor) =>
        descriptor.Shape is { IsVariable: false, FixedCount: > 0, Rank: <= MostDimensionsOfRow }
        && descriptor.Type.Kind != ItemKind.Unknown;

    /// <summary>Writes the values of a heap; null for an item that it has not got. Leaves nothing of them if it fails.</summary>
    private protected abstract void WriteRow(ulong cnt, ReadOnlySpan<Item?> values);

    /// <summary>Ends the files. Called once.</summary>
    private protected abstract void Close();

    /// <summary>Number of the item among <see cref="Descriptors"/>; -1 if it is not as it was described.</summary>
    private protected int ColumnOf(Item item) =>
        _columns.TryGetValue(item.Id, out int column)
        && (ReferenceEquals(Descriptors[column], item.Descriptor) || Descriptors[column].Equals(item.Descriptor))
            ? column
            : -1;
}
