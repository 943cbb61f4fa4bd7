// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using Spead2.Send;

namespace Spead2.Managed;

/// <summary>Bytes to send: of the user's memory, of the heap's, or of the packet's own room.</summary>
internal unsafe struct Piece
{
    public byte* Data;
    public nuint Length;
}

/// <summary>
/// Cuts one heap into packets. Every packet begins with HEAP_CNT, HEAP_LENGTH, PAYLOAD_OFFSET and PAYLOAD_LENGTH; the
/// heap's own pointers fill the leading packets (or, repeated, every packet), payload fills the rest, and every packet
/// has some. A heap of a dialect is one packet, with the header pointers of the dialect.
/// </summary>
internal unsafe struct Packetizer
{
    // Pieces of payload shorter than this are copied behind the packet's head: a piece costs the kernel more than such a
    // copy. It also bounds the pieces of a packet.
    private const int GatherBytes = 128;

    // Item pointers leave this much room for payload in every packet, so that no two packets of a heap have the same
    // offset.
    private const int ReservedPayload = 8;

    // Most item pointers of a packet: their number has 16 bits.
    private const int MostPointers = ushort.MaxValue;

    private const int PointerSize = 8;
    private const int UsualPointers = 4;
    private const int UsualPrefix = 8 + (UsualPointers * PointerSize);
    private const ulong Immediate = 1UL << 63;

    private ulong _cnt;
    private ulong _heapLength;
    private ulong _offset;
    private int _size;
    private int _pointersPerPacket;
    private int _pointerCount;
    private int _nextPointer;
    private ulong _nextAddress;
    private int _item;
    private ulong _itemOffset;

    /// <summary>The heap; null before <see cref="Begin"/>.</summary>
    public SendHeap? Heap { get; private set; }

    /// <summary>Whether there are no more packets.</summary>
    public readonly bool IsFinished => _offset == _heapLength;

    /// <summary>Most pieces of a packet: each gathered one is followed by at most one copied one.</summary>
    public static int MostPieces(int size) => (2 * (size / GatherBytes)) + 2;

    /// <summary>Begins with a heap.</summary>
    /// <param name="heap">The heap.</param>
    /// <param name="cnt">Its heap cnt.</param>
    /// <param name="maxPacketSize">At least the smallest; a multiple of 8.</param>
    /// <exception cref="Spead2Exception">Packets of this size cannot carry the heap.</exception>
    public void Begin(SendHeap heap, ulong cnt, int maxPacketSize)
    {
        if (heap.Dialect != SendDialect.None)
        {
            BeginDialect(heap, cnt, maxPacketSize);
            return;
        }

        int pointers = Math.Min((maxPacketSize - UsualPrefix - ReservedPayload) / PointerSize, MostPointers - UsualPointers);
        int items = heap.Items.Length;
        if (heap.RepeatPointers && items >= pointers)
        {
            throw StatusException.Argument(string.Create(
                CultureInfo.InvariantCulture,
                $"{items} item pointers cannot be repeated in every packet: with packets of {maxPacketSize} bytes at most " +
                $"{pointers - 1} can"));
        }

        ulong leastLength = ((ulong)(items / pointers) * ReservedPayload) + 1;
        bool padded = heap.PayloadLength < leastLength;
        this = new()
        {
            Heap = heap,
            _cnt = cnt,
            _heapLength = padded ? leastLength : heap.PayloadLength,
            _size = maxPacketSize,
            _pointersPerPacket = pointers,
            _pointerCount = items + (padded ? 1 : 0),
        };
    }

    /// <summary>Forgets the heap, and so finishes.</summary>
    public void End() => this = default;

    /// <summary>Cuts the next packet of a heap that is not finished.</summary>
    /// <param name="room">For its head and what is copied; as long as the largest packet.</param>
    /// <param name="pieces">What it consists of; see <see cref="MostPieces"/>.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns>Number of pieces.</returns>
    public int Next(byte* room, Piece* pieces, out int length)
    {
        if (Heap!.Dialect != SendDialect.None)
        {
            return NextOfDialect(room, pieces, out length);
        }

        int bits = Heap.AddressBits;
        int left = Heap.RepeatPointers ? _pointerCount : _pointerCount - _nextPointer;
        int count = Math.Min(left, _pointersPerPacket);
        int head = UsualPrefix + (count * PointerSize);
        int payload = (int)Math.Min(_heapLength - _offset, (ulong)(_size - head));

        PutHeader(room, bits, UsualPointers + count);
        Put(room + 8, Immediate | (ulong)ItemId.HeapCnt << bits | _cnt);
        Put(room + 16, Immediate | (ulong)ItemId.HeapLength << bits | _heapLength);
        Put(room + 24, Immediate | (ulong)ItemId.PayloadOffset << bits | _offset);
        Put(room + 32, Immediate | (ulong)ItemId.PayloadLength << bits | (uint)payload);
        PutPointers(room + UsualPrefix, count);
        pieces[0] = new() { Data = room, Length = (nuint)head };
        _offset += (ulong)payload;
        length = head + payload;
        return PutPayload(payload, room + head, pieces);
    }

    private static void Put(byte* at, ulong value) =>
        Unsafe.WriteUnaligned(at, BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value);

    private static void PutHeader(byte* at, int bits, int pointers) => Put(
        at,
        0x53UL << 56 | 4UL << 48 | (ulong)(PointerSize - (bits / 8)) << 40 | (ulong)(bits / 8) << 32 | (uint)pointers);

    /// <summary>Header pointers of the packet of a heap of a dialect before its items, in order.</summary>
    private static ReadOnlySpan<byte> HeaderPointers(SendDialect dialect) => dialect switch
    {
        SendDialect.PySpead => [ItemId.HeapCnt],
        SendDialect.DatagramIsHeap => [ItemId.HeapCnt, ItemId.HeapLength, ItemId.PayloadOffset, ItemId.PayloadLength],
        _ => [ItemId.HeapCnt, ItemId.PayloadLength],
    };

    private static bool HasLengthLast(SendHeap heap) =>
        heap.Dialect == SendDialect.PySpead && heap.PayloadLength != 0;

    private void BeginDialect(SendHeap heap, ulong cnt, int maxPacketSize)
    {
        int pointers = HeaderPointers(heap.Dialect).Length + (HasLengthLast(heap) ? 1 : 0);
        foreach (ref readonly SendItem item in heap.Items)
        {
            pointers += item.IsImmediate || heap.Dialect != SendDialect.SkaLowSps ? 1 : 0;
        }

        ulong head = 8 + ((ulong)pointers * PointerSize);
        if (head > (ulong)maxPacketSize || heap.PayloadLength > (ulong)maxPacketSize - head)
        {
            throw StatusException.Argument(string.Create(
                CultureInfo.InvariantCulture,
                $"a heap of this dialect is one packet, and this one has {head} bytes of pointers and " +
                $"{heap.PayloadLength} of payload: more than the {maxPacketSize} of MaxPacketSize"));
        }

        this = new()
        {
            Heap = heap,
            _cnt = cnt,
            _heapLength = 1, // for the one packet
            _size = maxPacketSize,
            _pointerCount = pointers,
        };
    }

    /// <summary>The one packet of a heap of a dialect.</summary>
    private int NextOfDialect(byte* room, Piece* pieces, out int length)
    {
        SendHeap heap = Heap!;
        int head = 8 + (_pointerCount * PointerSize);
        PutHeader(room, heap.AddressBits, _pointerCount);
        byte* at = room + 8;
        foreach (byte id in HeaderPointers(heap.Dialect))
        {
            PutDialectPointer(at, id, head);
            at += PointerSize;
        }

        ulong address = 0;
        foreach (ref readonly SendItem item in heap.Items)
        {
            if (item.IsImmediate)
            {
                Put(at, item.Pointer);
                at += PointerSize;
            }
            else if (heap.Dialect != SendDialect.SkaLowSps)
            {
                Put(at, item.Pointer | address);
                at += PointerSize;
                address += item.Length;
            }
        }

        if (HasLengthLast(heap))
        {
            PutDialectPointer(at, ItemId.PayloadLength, head);
        }

        pieces[0] = new() { Data = room, Length = (nuint)head };
        _offset = _heapLength;
        length = head + (int)heap.PayloadLength;
        return PutPayload((int)heap.PayloadLength, room + head, pieces);
    }

    private readonly void PutDialectPointer(byte* at, int id, int head)
    {
        int bits = Heap!.AddressBits;
        bool countsAll = Heap.Dialect == SendDialect.DatagramIsHeap;
        ReadOnlySpan<SendItem> items = Heap.Items;
        bool isControl = items.Length == 1 && items[0].IsImmediate
            && (items[0].Pointer & ~Immediate) >> bits == ItemId.StreamControl;
        ulong value = id switch
        {
            ItemId.PayloadLength => Heap.PayloadLength,
            ItemId.HeapCnt => countsAll ? 0 : _cnt,
            ItemId.HeapLength => isControl ? 0 : (ulong)head,

            // PAYLOAD_OFFSET.
            _ => 0,
        };
        Put(at, Immediate | (ulong)id << bits | value);
    }

    /// <summary>Writes the item pointers that belong into the next packet.</summary>
    private void PutPointers(byte* at, int count)
    {
        if (Heap!.RepeatPointers)
        {
            _nextPointer = 0;
            _nextAddress = 0;
        }

        ReadOnlySpan<SendItem> items = Heap.Items;
        for (int i = 0; i < count; i++, at += PointerSize, _nextPointer++)
        {
            if (_nextPointer == items.Length)
            {
                Put(at, _nextAddress); // NULL: padding begins here
                continue;
            }

            ref readonly SendItem item = ref items[_nextPointer];
            Put(at, item.IsImmediate ? item.Pointer : item.Pointer | _nextAddress);
            _nextAddress += item.Length;
        }
    }

    /// <summary>Describes payload. The first piece ends where the packet's room has been written up to.</summary>
    private int PutPayload(int length, byte* end, Piece* pieces)
    {
        ReadOnlySpan<SendItem> items = Heap!.Items;
        int last = 0;
        bool copied = true; // the last piece is in the packet's room
        while (length != 0)
        {
            byte* data = null; // padding
            int part = length;
            if (_item < items.Length)
            {
                ref readonly SendItem item = ref items[_item];
                part = (int)Math.Min((ulong)length, item.Length - _itemOffset);
                if (part == 0)
                {
                    _item++;
                    _itemOffset = 0;
                    continue;
                }

                data = item.Data + _itemOffset;
                _itemOffset += (ulong)part;
            }

            length -= part;
            if (data is not null && part >= GatherBytes)
            {
                pieces[++last] = new() { Data = data, Length = (nuint)part };
                copied = false;
                continue;
            }

            if (!copied)
            {
                pieces[++last] = new() { Data = end };
                copied = true;
            }

            if (data is null)
            {
                Unsafe.InitBlockUnaligned(end, 0, (uint)part);
            }
            else
            {
                Unsafe.CopyBlockUnaligned(end, data, (uint)part);
            }

            end += part;
            pieces[last].Length += (nuint)part;
        }

        return last + 1;
    }
}
