// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Goes through the items that users see, over the sorted pointers of a finished heap.</summary>
internal ref struct FrozenItems(LiveHeap heap)
{
    private readonly ReadOnlySpan<ulong> _pointers = heap.Pointers.All;
    private int _index = -1;

    public ulong Id { get; private set; }

    public bool IsImmediate { get; private set; }

    /// <summary>Of an immediate its value, else the offset in the payload.</summary>
    public ulong Value { get; private set; }

    /// <summary>Number of bytes.</summary>
    public ulong Length { get; private set; }

    /// <summary>The item pointer, as a number.</summary>
    public readonly ulong Pointer => _pointers[_index];

    /// <summary>Goes on to the next item: not padding, not empty, and of an incomplete heap only immediates.</summary>
    public bool MoveNext()
    {
        while (++_index < _pointers.Length)
        {
            ulong pointer = _pointers[_index];
            Id = Wire.Id(pointer, heap.AddressBits);
            Value = Wire.Value(pointer, heap.AddressBits);
            IsImmediate = (pointer & Wire.ImmediateBit) != 0;
            Length = IsImmediate ? (ulong)heap.AddressBits / 8 : AddressedLength();
            if (Id != ItemId.Null && Length != 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The item as a number; false if it is too long for one.</summary>
    public readonly unsafe bool TryGetNumber(out ulong number)
    {
        number = Value;
        if (IsImmediate)
        {
            return true;
        }

        number = 0;
        for (ulong i = 0; i < Length && i < sizeof(ulong); i++)
        {
            number = number << 8 | heap.Payload[Value + i];
        }

        return Length <= sizeof(ulong);
    }

    private readonly ulong AddressedLength()
    {
        if ((heap.State & HeapState.Contiguous) == 0)
        {
            return 0;
        }

        bool hasNext = _index + 1 < _pointers.Length && (_pointers[_index + 1] & Wire.ImmediateBit) == 0;
        ulong end = hasNext ? Wire.Value(_pointers[_index + 1], heap.AddressBits) : heap.MinLength;
        return end - Value;
    }
}
