// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Send;

/// <summary>
/// Cuts heaps into SPEAD packets. Every packet has the four standard item pointers (HEAP_CNT, HEAP_LENGTH,
/// PAYLOAD_OFFSET, PAYLOAD_LENGTH), then as many of the heap's item pointers as are left and fit, then as much
/// payload as fits: all packets but the last are full, and each has payload at an offset of its own.
/// </summary>
/// <remarks>
/// Payload is the heap's bytes in the order of its items. A heap with too little of it for its packets gets zero
/// bytes after the last real byte, and a NULL item pointer that says where they start.
/// One encoder serves any number of heaps, one at a time, and allocates nothing per heap or packet. Not safe for
/// use by several threads at once.
/// </remarks>
public sealed class PacketEncoder
{
    /// <summary>Default of the largest packet in bytes: what a 1500-byte Ethernet frame carries over IPv4.</summary>
    public const int DefaultMaxPacketSize = 1472;

    /// <summary>Least value of the largest packet: standard part, one more item pointer, 8 bytes of payload.</summary>
    public const int SmallestMaxPacketSize = StandardSize + PointerSize + ReservedPayload;

    private const byte Magic = 0x53;
    private const int HeaderSize = 8;
    private const int PointerSize = 8;
    private const int StandardPointers = 4;
    private const int StandardSize = HeaderSize + (StandardPointers * PointerSize);

    // Item pointers leave this much room for payload in every packet, so that no two packets have the same offset.
    private const int ReservedPayload = 8;

    private static readonly byte[] Zeros = new byte[ReservedPayload];

    private readonly int _addressBits;
    private readonly int _pointersPerPacket;
    private readonly bool _repeatPointers;

    private IReadOnlyList<ItemToSend> _items = [];
    private ulong _cnt;
    private long _realLength;
    private long _offset;
    private int _pointerCount;
    private int _nextPointer;
    private long _nextAddress;
    private int _sliceItem;
    private int _sliceOffset;

    /// <summary>Makes an encoder.</summary>
    /// <param name="flavour">Flavour of the packets.</param>
    /// <param name="maxPacketSize">Largest packet in bytes, rounded down to a multiple of 8.</param>
    /// <param name="repeatPointers">
    /// Whether each packet has all item pointers of its heap, so that a receiver knows them from any packet. Then
    /// a heap must have fewer items than fit in one packet.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="maxPacketSize"/> is less than <see cref="SmallestMaxPacketSize"/>.
    /// </exception>
    public PacketEncoder(Flavour flavour, int maxPacketSize = DefaultMaxPacketSize, bool repeatPointers = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPacketSize, SmallestMaxPacketSize);
        Flavour = flavour;
        MaxPacketSize = maxPacketSize / PointerSize * PointerSize;
        _addressBits = flavour.AddressBits;
        _pointersPerPacket = Math.Min(
            (MaxPacketSize - StandardSize - ReservedPayload) / PointerSize, ushort.MaxValue - StandardPointers);
        _repeatPointers = repeatPointers;
    }

    /// <summary>Flavour of the packets.</summary>
    public Flavour Flavour { get; }

    /// <summary>Largest packet in bytes, a multiple of 8.</summary>
    public int MaxPacketSize { get; }

    /// <summary>Whether all packets of the heap have been written (or there is no heap yet).</summary>
    public bool IsFinished => _offset == HeapLength;

    /// <summary>Payload bytes of the heap, with its padding: the HEAP_LENGTH that its packets announce.</summary>
    public long HeapLength { get; private set; }

    /// <summary>Starts with a heap. What is left of the heap before is forgotten.</summary>
    /// <param name="heap">The heap; it and its bytes must stay unchanged until the last packet is written.</param>
    /// <param name="cnt">Its heap cnt.</param>
    /// <exception cref="ArgumentException">
    /// The heap cnt, an identifier, an immediate or the payload does not fit the flavour, or item pointers are to be
    /// repeated and there are too many of them.
    /// </exception>
    public void Begin(HeapToSend heap, ulong cnt)
    {
        ArgumentNullException.ThrowIfNull(heap);
        if (cnt >> _addressBits != 0)
        {
            throw new ArgumentException($"Heap cnt {cnt} does not fit in {_addressBits} bits.", nameof(cnt));
        }

        long realLength = MeasurePayload(heap.Items, _addressBits);
        int itemCount = heap.Items.Count;
        if (_repeatPointers && itemCount >= _pointersPerPacket)
        {
            throw new ArgumentException(
                $"{itemCount} item pointers cannot be repeated in every packet: at {MaxPacketSize} bytes per packet "
                + $"a heap may have at most {_pointersPerPacket - 1}.",
                nameof(heap));
        }

        long leastLength = ((long)(itemCount / _pointersPerPacket) * ReservedPayload) + 1;
        _items = heap.Items;
        _cnt = cnt;
        _realLength = realLength;
        HeapLength = Math.Max(realLength, leastLength);
        _pointerCount = realLength < leastLength ? itemCount + 1 : itemCount;
        _offset = 0;
        _nextPointer = 0;
        _nextAddress = 0;
        _sliceItem = 0;
        _sliceOffset = 0;
    }

    /// <summary>Writes the next packet of the heap into one piece of memory.</summary>
    /// <param name="packet">Where to write; <see cref="MaxPacketSize"/> bytes are always enough.</param>
    /// <returns>The packet's size in bytes, or 0 if the heap is finished.</returns>
    /// <exception cref="ArgumentException">The packet does not fit; nothing has been consumed.</exception>
    public int Write(Span<byte> packet)
    {
        if (IsFinished)
        {
            return 0;
        }

        PacketLayout layout = NextLayout();
        ThrowIfShort(packet.Length, layout.Size, nameof(packet));
        WriteHead(packet, layout);
        Span<byte> payload = packet.Slice(layout.HeadSize, layout.PayloadLength);
        while (!payload.IsEmpty)
        {
            ReadOnlySpan<byte> slice = NextSlice(payload.Length).Span;
            slice.CopyTo(payload);
            payload = payload[slice.Length..];
        }

        return layout.Size;
    }

    /// <summary>
    /// Writes the header and item pointers of the next packet of the heap, and gives its payload as slices of the
    /// heap's own buffers, without a copy.
    /// </summary>
    /// <param name="head">Where to write; <see cref="MaxPacketSize"/> bytes are always enough.</param>
    /// <param name="payload">Receives the slices, in order; what it held before is removed.</param>
    /// <returns>Bytes written to <paramref name="head"/>, or 0 if the heap is finished.</returns>
    /// <exception cref="ArgumentException">The head does not fit; nothing has been consumed.</exception>
    public int WriteHead(Span<byte> head, ICollection<ReadOnlyMemory<byte>> payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        payload.Clear();
        if (IsFinished)
        {
            return 0;
        }

        PacketLayout layout = NextLayout();
        ThrowIfShort(head.Length, layout.HeadSize, nameof(head));
        WriteHead(head, layout);
        for (int left = layout.PayloadLength; left > 0;)
        {
            ReadOnlyMemory<byte> slice = NextSlice(left);
            payload.Add(slice);
            left -= slice.Length;
        }

        return layout.HeadSize;
    }

    private static void ThrowIfShort(int available, int needed, string parameter)
    {
        if (available < needed)
        {
            throw new ArgumentException($"{needed} bytes are needed, but there are only {available}.", parameter);
        }
    }

    /// <summary>Bytes of payload of items, each of which must fit.</summary>
    /// <exception cref="ArgumentException">An item, or the payload, does not fit so many address bits.</exception>
    internal static long MeasurePayload(IReadOnlyList<ItemToSend> items, int addressBits)
    {
        long length = 0;
        for (int i = 0; i < items.Count; i++)
        {
            ItemToSend item = items[i];
            if (item.Id < 0 || item.Id >> (63 - addressBits) != 0)
            {
                throw new ArgumentException($"Item 0x{item.Id:x} does not fit in {63 - addressBits} bits.");
            }

            if (item.IsImmediate && item.Value >> addressBits != 0)
            {
                throw new ArgumentException(
                    $"Value {item.Value} of item 0x{item.Id:x} does not fit in {addressBits} bits.");
            }

            length += item.IsImmediateIn(addressBits / 8) ? 0 : item.Data.Length;
        }

        if (length >> addressBits != 0)
        {
            throw new ArgumentException($"A payload of {length} bytes cannot be addressed with {addressBits} bits.");
        }

        return length;
    }

    private PacketLayout NextLayout()
    {
        int pointers = _repeatPointers
            ? _pointerCount
            : Math.Min(_pointersPerPacket, _pointerCount - _nextPointer);
        int headSize = StandardSize + (pointers * PointerSize);
        int payload = (int)Math.Min(MaxPacketSize - headSize, HeapLength - _offset);
        return new PacketLayout(pointers, headSize, payload);
    }

    private void WriteHead(Span<byte> head, PacketLayout layout)
    {
        head[0] = Magic;
        head[1] = (byte)Flavour.Version;
        head[2] = (byte)(PointerSize - (_addressBits / 8));
        head[3] = (byte)(_addressBits / 8);
        BinaryPrimitives.WriteUInt16BigEndian(head[4..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(head[6..], (ushort)(StandardPointers + layout.Pointers));
        WritePointer(head[8..], ImmediatePointer(ItemId.HeapCnt, _cnt));
        WritePointer(head[16..], ImmediatePointer(ItemId.HeapLength, (ulong)HeapLength));
        WritePointer(head[24..], ImmediatePointer(ItemId.PayloadOffset, (ulong)_offset));
        WritePointer(head[32..], ImmediatePointer(ItemId.PayloadLength, (ulong)layout.PayloadLength));
        if (_repeatPointers)
        {
            _nextPointer = 0;
            _nextAddress = 0;
        }

        for (int at = StandardSize; at < layout.HeadSize; at += PointerSize)
        {
            WritePointer(head[at..], NextPointer());
        }

        _offset += layout.PayloadLength;
    }

    private static void WritePointer(Span<byte> destination, ulong pointer) =>
        BinaryPrimitives.WriteUInt64BigEndian(destination, pointer);

    private ulong ImmediatePointer(long id, ulong value) => (1UL << 63) | AddressPointer(id, value);

    private ulong AddressPointer(long id, ulong address) => ((ulong)id << _addressBits) | address;

    private ulong NextPointer()
    {
        int index = _nextPointer++;
        if (index == _items.Count)
        {
            return AddressPointer(ItemId.Null, (ulong)_realLength);
        }

        ItemToSend item = _items[index];
        if (item.IsImmediate)
        {
            return ImmediatePointer(item.Id, item.Value);
        }

        if (item.IsImmediateIn(_addressBits / 8))
        {
            return ImmediatePointer(item.Id, ReadBigEndian(item.Data.Span));
        }

        ulong pointer = AddressPointer(item.Id, (ulong)_nextAddress);
        _nextAddress += item.Data.Length;
        return pointer;
    }

    private static ulong ReadBigEndian(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        foreach (byte b in bytes)
        {
            value = (value << 8) | b;
        }

        return value;
    }

    // The next bytes of the payload that lie together in memory, at most so many.
    private ReadOnlyMemory<byte> NextSlice(int most)
    {
        while (_sliceItem < _items.Count)
        {
            ItemToSend item = _items[_sliceItem];
            if (item.IsImmediateIn(_addressBits / 8) || _sliceOffset == item.Data.Length)
            {
                _sliceItem++;
                _sliceOffset = 0;
                continue;
            }

            ReadOnlyMemory<byte> slice = item.Data.Slice(_sliceOffset, Math.Min(most, item.Data.Length - _sliceOffset));
            _sliceOffset += slice.Length;
            return slice;
        }

        return Zeros.AsMemory(0, Math.Min(most, Zeros.Length));
    }
}
