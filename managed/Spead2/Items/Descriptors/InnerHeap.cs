// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Spead2.Items.Descriptors;

/// <summary>
/// Assembles the inner heap of a descriptor from packets that follow each other. Memory is taken for bytes that are
/// there, and only up to a limit that no descriptor comes near.
/// </summary>
internal sealed class InnerHeap
{
    private const int Unknown = -1;
    private const int MaxBytes = 1 << 20;
    private const int MaxPointers = 1 << 20;

    /// <summary>Bytes of buffers that are kept for the next heap: more than any descriptor of a sender has.</summary>
    private const int MaxKept = 1 << 16;

    /// <summary>Pointers that are found without a set.</summary>
    private const int Few = 16;

    /// <summary>What is wrong with a heap that is too large.</summary>
    public static readonly string TooLarge =
        $"The descriptor has more than {MaxBytes} bytes or {MaxPointers} item pointers.";

    private ArrayBufferWriter<byte> _payload = new();
    private List<ulong> _pointers = [];

    // The pointers, once there are more than a few.
    private HashSet<ulong>? _known;
    private long _cnt = Unknown;
    private int _addressBits;
    private long _length = Unknown;
    private long _leastLength;

    // The raw bytes of immediates, 8 for each item pointer.
    private byte[] _immediates = [];

    /// <summary>Whether a stream control item says stop.</summary>
    public bool IsStop { get; private set; }

    /// <summary>Whether no packet has been added.</summary>
    public bool IsEmpty => _cnt < 0;

    /// <summary>Whether all that is known to belong to the heap is there.</summary>
    public bool IsContiguous => !IsEmpty && _payload.WrittenCount == _leastLength;

    /// <summary>Whether the length is known and all of it is there.</summary>
    public bool IsComplete => IsContiguous && _length == _payload.WrittenCount;

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        if (_payload.Capacity > MaxKept || _pointers.Capacity > MaxKept / sizeof(ulong))
        {
            _payload = new();
            _pointers = [];
            _immediates = [];
        }

        _payload.ResetWrittenCount();
        _pointers.Clear();
        // A set that has been large would take long to clear for each heap after it.
        _known = null;
        _cnt = Unknown;
        _length = Unknown;
        _leastLength = 0;
        IsStop = false;
    }

    /// <summary>
    /// Whether a packet goes to this heap, wanted or not. Otherwise it begins a heap, and this one must leave.
    /// </summary>
    public bool Takes(in InnerPacket packet)
    {
        bool isWholeHeap = packet.HeapLength == packet.Payload.Length;
        bool isOfThisHeap = packet.Cnt == _cnt && !isWholeHeap;
        return _cnt < 0 || isOfThisHeap || packet.PayloadOffset != 0;
    }

    /// <summary>Adds a packet if it continues the heap.</summary>
    public InnerVerdict Add(in InnerPacket packet)
    {
        bool isFirst = _cnt < 0;
        if (packet.PayloadOffset != _payload.WrittenCount || (!isFirst && !Continues(packet)))
        {
            return InnerVerdict.PassedOver;
        }

        if (Math.Max(packet.HeapLength, _payload.WrittenCount + packet.Payload.Length) > MaxBytes
            || _pointers.Count + (packet.Items.Length / InnerPacket.PointerSize) > MaxPointers)
        {
            return InnerVerdict.TooLarge;
        }

        _cnt = packet.Cnt;
        _addressBits = packet.AddressBits;
        _length = Math.Max(_length, packet.HeapLength);
        _leastLength = Math.Max(_leastLength, Math.Max(_length, packet.PayloadOffset + packet.Payload.Length));
        _payload.Write(packet.Payload);
        for (int at = 0; at < packet.Items.Length; at += InnerPacket.PointerSize)
        {
            Add(new(BinaryPrimitives.ReadUInt64BigEndian(packet.Items[at..]), _addressBits));
        }

        return InnerVerdict.Added;
    }

    /// <summary>
    /// The identifier that is described in this heap and a packet that is too much for it: of several the largest, as
    /// where the heap is read; 0 if there is none.
    /// </summary>
    public long IdWith(in InnerPacket packet)
    {
        long id = 0;
        foreach (ulong bits in _pointers)
        {
            InnerPointer pointer = new(bits, _addressBits);
            id = pointer.IsDescribedId ? Math.Max(id, pointer.Value) : id;
        }

        for (int at = 0; at < packet.Items.Length; at += InnerPacket.PointerSize)
        {
            InnerPointer pointer = new(BinaryPrimitives.ReadUInt64BigEndian(packet.Items[at..]), packet.AddressBits);
            id = pointer.IsDescribedId ? Math.Max(id, pointer.Value) : id;
        }

        return id;
    }

    /// <summary>
    /// The items that make a descriptor. They are valid until the heap changes, and nothing but <see cref="Clear"/> may
    /// change it then: its pointers are in order of the items.
    /// </summary>
    public DescriptorParts ReadParts(ILogger logger)
    {
        DescriptorParts parts = new() { AddressBits = _addressBits };
        if (_immediates.Length < _pointers.Count * sizeof(ulong))
        {
            _immediates = new byte[_pointers.Count * sizeof(ulong)];
        }

        // As in every heap: addressed items by address, then immediates by value, others of the same order after those
        // that came before. An item ends where the next begins.
        Span<ulong> sorted = CollectionsMarshal.AsSpan(_pointers);
        ItemPointerSort.Sort(sorted, _addressBits);
        for (int i = 0; i < sorted.Length; i++)
        {
            InnerPointer pointer = new(sorted[i], _addressBits);
            InnerPointer next = new(i + 1 < sorted.Length ? sorted[i + 1] : ulong.MaxValue, _addressBits);
            ReadOnlySpan<byte> bytes = pointer.IsImmediate
                ? ImmediateBytes(i, pointer.Value)
                : _payload.WrittenSpan[(int)pointer.Value..(int)(next.IsImmediate ? _leastLength : next.Value)];
            if (!bytes.IsEmpty)
            {
                Set(ref parts, pointer, bytes, logger);
            }
        }

        return parts;
    }

    private static void Set(ref DescriptorParts parts, InnerPointer pointer, ReadOnlySpan<byte> bytes, ILogger logger)
    {
        switch (pointer.Id)
        {
            case ItemId.DescriptorId when pointer.IsImmediate:
                parts.Id = pointer.Value;
                break;
            case ItemId.DescriptorName:
                parts.Name = bytes;
                break;
            case ItemId.DescriptorDescription:
                parts.Description = bytes;
                break;
            case ItemId.DescriptorFormat:
                parts.Format = bytes;
                break;
            case ItemId.DescriptorShape:
                parts.Shape = bytes;
                break;
            case ItemId.DescriptorDtype:
                parts.Dtype = bytes;
                break;
            case ItemId.Null or ItemId.StreamControl:
                break;
            default:
                DescriptorLog.UnknownPart(logger, pointer.Id);
                break;
        }
    }

    private ReadOnlySpan<byte> ImmediateBytes(int index, long value)
    {
        Span<byte> bytes = _immediates.AsSpan(index * sizeof(ulong), sizeof(ulong));
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes[^(_addressBits / 8)..];
    }

    private bool Continues(in InnerPacket packet) =>
        packet.Cnt == _cnt
        && packet.AddressBits == _addressBits
        && (packet.HeapLength < 0
            || (packet.HeapLength >= _leastLength && (_length < 0 || packet.HeapLength == _length)));

    private void Add(InnerPointer pointer)
    {
        if (!pointer.IsImmediate)
        {
            _leastLength = Math.Max(_leastLength, pointer.Value);
        }

        // Standard item pointers have done their work, and what a packet repeats changes nothing.
        if (pointer.Id is 0 or > ItemId.PayloadLength && IsNew(pointer.Bits))
        {
            _pointers.Add(pointer.Bits);
            IsStop |= pointer.IsImmediate && pointer.Id == ItemId.StreamControl && pointer.Value == 2;
        }
    }

    private bool IsNew(ulong pointer)
    {
        if (_known is null && _pointers.Count < Few)
        {
            return !_pointers.Contains(pointer);
        }

        _known ??= [.. _pointers];
        return _known.Add(pointer);
    }
}
