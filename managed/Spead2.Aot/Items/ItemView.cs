// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spead2.Aot;

/// <summary>
/// What a C program sees of an item: text and decoded elements in memory that does not move, made when they are asked
/// for, and again when the item has a new value.
/// </summary>
internal sealed unsafe class ItemView(Item item, bool keepsFortranOrder)
{
    // The largest that a C program wants elements to be aligned to.
    private const int Alignment = 64;

    private readonly ItemElements _elements = ItemElements.Of(item.Type);
    private readonly byte[] _name = Utf8.Pinned(item.Name);
    private readonly byte[] _description = Utf8.Pinned(item.Description);
    private long _version = -1;
    private byte[]? _type;
    private byte[]? _fault;
    private byte[] _value = [];
    private byte[] _immediate = [];
    private long[] _shape = [];
    private sp2_item_info _info;

    /// <summary>The item as it is now.</summary>
    public ref readonly sp2_item_info Read()
    {
        if (_version != item.Version)
        {
            Update();
            _version = item.Version;
        }

        return ref _info;
    }

    private void Update()
    {
        ReadOnlySpan<long> dimensions = item.Shape.Dimensions;
        _type ??= Utf8.Pinned(_elements.Type);
        _shape = GC.AllocateArray<long>(Math.Max(1, dimensions.Length), pinned: true);
        for (int i = 0; i < dimensions.Length; i++)
        {
            _shape[i] = dimensions[i];
        }

        ItemInfoFlags flags = item.HasValue ? ItemInfoFlags.HasValue : 0;
        flags |= item.Descriptor.IsText ? ItemInfoFlags.Text : 0;
        flags |= _elements.IsAsSent ? ItemInfoFlags.AsSent : 0;
        flags |= item.Fault is null ? 0 : ItemInfoFlags.Faulty;
        flags |= item.TextEncoding switch
        {
            TextEncoding.Utf8 => ItemInfoFlags.Utf8,
            TextEncoding.Latin1 => ItemInfoFlags.Latin1,
            _ => 0,
        };
        bool isFortran = item.Descriptor.IsFortranOrder;
        bool changesOrder = isFortran && !keepsFortranOrder && _elements.Size != 0;
        flags |= isFortran && !changesOrder ? ItemInfoFlags.FortranOrder : 0;
        int length = item.HasValue ? LengthOfValue : 0;
        void* data = length == 0 ? null : FindValue(length, changesOrder);
        if (length != 0 && data is null)
        {
            ReadValue(length, dimensions, changesOrder);
            data = Aligned(_value);
        }

        _fault = item.Fault is null ? null : Utf8.Pinned(item.Fault);
        void* raw = item.HasRawBytes ? FindRaw() : null;
        _info = new()
        {
            size = (uint)sizeof(sp2_item_info),
            flags = (uint)flags,
            id = (ulong)item.Id,
            version = (ulong)item.Version,
            name = Utf8.Pointer(_name),
            description = Utf8.Pointer(_description),
            type = Utf8.Pointer(_type),
            shape = (long*)Marshal.UnsafeAddrOfPinnedArrayElement(_shape, 0),
            rank = (uint)dimensions.Length,
            element_size = (uint)_elements.Size,
            count = (ulong)item.Count,
            data = data,
            length = (ulong)length,
            fault = _fault is null ? null : Utf8.Pointer(_fault),
            raw = raw,
            raw_length = raw is null ? 0 : (ulong)item.RawBytes.Length,
        };
    }

    // The bytes as they were sent: in the heap, which the item keeps, or a copy of an immediate.
    private void* FindRaw()
    {
        ReadOnlySpan<byte> raw = item.RawBytes;
        if (raw.IsEmpty)
        {
            return null;
        }

        if (item.IsInHeap)
        {
            return Unsafe.AsPointer(ref MemoryMarshal.GetReference(raw));
        }

        _immediate = Utf8.Pinned(raw);
        return Utf8.Pointer(_immediate);
    }

    private int LengthOfValue =>
        _elements.IsAsSent ? item.RawBytes.Length : checked(item.Count * _elements.Size);

    // The value where it was received, if it is there as a C program gets it; else null.
    private void* FindValue(int length, bool changesOrder)
    {
        if (changesOrder || !item.IsInHeap || !_elements.AreAsSent(item.Type) || item.RawBytes.Length < length)
        {
            return null;
        }

        void* start = Unsafe.AsPointer(ref MemoryMarshal.GetReference(item.RawBytes));
        return (nuint)start % Alignment == 0 ? start : null;
    }

    private void ReadValue(int length, ReadOnlySpan<long> dimensions, bool changesOrder)
    {
        ReadOnlySpan<byte> raw = item.RawBytes;
        _value = GC.AllocateUninitializedArray<byte>(length + Alignment, pinned: true);
        Span<byte> value = new(Aligned(_value), length);
        if (changesOrder)
        {
            byte[] sent = new byte[length];
            _elements.Read(item.Type, raw, sent);
            _elements.ToRowMajor(dimensions, sent, value);
        }
        else
        {
            _elements.Read(item.Type, raw, value);
        }

        GC.KeepAlive(item);
    }

    private static byte* Aligned(byte[] pinned)
    {
        nint start = Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);
        return (byte*)((start + Alignment - 1) & -Alignment);
    }
}
