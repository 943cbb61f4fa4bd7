// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>
/// The items of a heap that is to be sent, in order. A heap has no identifier of its own: it is given one each
/// time it is encoded, so one heap can be sent any number of times, and cleared and filled again.
/// </summary>
/// <remarks>
/// Buffers are not copied; they must stay unchanged until the heap has been encoded. Not safe for use by several
/// threads while items are being added.
/// </remarks>
public sealed class HeapToSend
{
    private const ulong StartOfStream = 0;
    private const ulong EndOfStream = 2;

    private readonly List<ItemToSend> _items = [];

    /// <summary>Items, in the order in which their item pointers are sent.</summary>
    public IReadOnlyList<ItemToSend> Items => _items;

    /// <summary>Adds an item whose value is sent in its item pointer.</summary>
    /// <param name="id">Item identifier.</param>
    /// <param name="value">Value. That it fits the flavour's address bits is checked when the heap is encoded.</param>
    /// <exception cref="ArgumentException">The identifier is one that the encoder writes itself (1 to 4).</exception>
    public void AddImmediate(long id, ulong value) => Add(new ItemToSend(id, value));

    /// <summary>Adds an item that consists of bytes.</summary>
    /// <param name="id">Item identifier.</param>
    /// <param name="data">The bytes. Not copied. An item without bytes is legal, but receivers do not see it.</param>
    /// <param name="allowImmediate">
    /// Whether the bytes may travel in the item pointer, right-aligned, if there are no more of them than the
    /// flavour has address bytes. An item of variable size must not: its receiver could not tell its length.
    /// </param>
    /// <exception cref="ArgumentException">The identifier is one that the encoder writes itself (1 to 4).</exception>
    public void AddItem(long id, ReadOnlyMemory<byte> data, bool allowImmediate = true) =>
        Add(new ItemToSend(id, data, allowImmediate));

    /// <summary>Adds a descriptor (item 5), which is never sent as an immediate.</summary>
    /// <param name="descriptor">An encoded descriptor: one or more complete SPEAD packets. Not copied.</param>
    public void AddDescriptor(ReadOnlyMemory<byte> descriptor) =>
        AddItem(ItemId.Descriptor, descriptor, allowImmediate: false);

    /// <summary>Marks the start of the stream with a stream control item.</summary>
    public void AddStart() => AddImmediate(ItemId.StreamControl, StartOfStream);

    /// <summary>
    /// Marks the end of the stream with a stream control item. Receivers stop when they see it and, by default,
    /// drop the heap that carries it, so it should carry nothing else.
    /// </summary>
    public void AddEnd() => AddImmediate(ItemId.StreamControl, EndOfStream);

    /// <summary>Removes all items, so that the heap can be filled again without an allocation.</summary>
    public void Clear() => _items.Clear();

    private void Add(ItemToSend item)
    {
        if (item.Id is >= ItemId.HeapCnt and <= ItemId.PayloadLength)
        {
            throw new ArgumentException($"Item {item.Id} is written by the encoder itself and cannot be added.");
        }

        _items.Add(item);
    }
}
