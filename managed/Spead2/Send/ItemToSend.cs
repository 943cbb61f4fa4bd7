// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>One item of a <see cref="HeapToSend"/>: a value for an item pointer, or bytes.</summary>
public readonly struct ItemToSend
{
    internal ItemToSend(long id, ulong value)
    {
        Id = id;
        IsImmediate = true;
        Value = value;
    }

    internal ItemToSend(long id, ReadOnlyMemory<byte> data, bool allowImmediate)
    {
        Id = id;
        Data = data;
        AllowImmediate = allowImmediate;
    }

    /// <summary>Item identifier.</summary>
    public long Id { get; }

    /// <summary>Whether the item is always an immediate, with <see cref="Value"/> as its value.</summary>
    public bool IsImmediate { get; }

    /// <summary>Value of an item that is always an immediate.</summary>
    public ulong Value { get; }

    /// <summary>Bytes of any other item.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Whether <see cref="Data"/> may be sent as an immediate if it is short enough.</summary>
    public bool AllowImmediate { get; }

    /// <summary>Whether the item travels in its item pointer when it is sent with so many address bytes.</summary>
    internal bool IsImmediateIn(int addressBytes) => IsImmediate || (AllowImmediate && Data.Length <= addressBytes);
}
