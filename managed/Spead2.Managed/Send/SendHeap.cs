// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Send;

namespace Spead2.Managed;

/// <summary>
/// A heap to send: items in the order in which they were added. What addressed items point to is its user's, but for
/// descriptors. It is changed by one thread at a time, and never while a stream has it.
/// </summary>
internal sealed unsafe class SendHeap(int addressBits, bool repeatPointers, SendDialect dialect)
{
    private readonly List<SendItem> _items = [];

    // Memory of descriptors.
    private readonly List<byte[]> _owned = [];
    private int _sendings; // streams that have it; under the gate

    public int AddressBits => addressBits;

    public bool RepeatPointers => repeatPointers;

    public SendDialect Dialect => dialect;

    /// <summary>Whether a stream has it. Under <see cref="Gate"/>.</summary>
    public bool IsBeingSent => _sendings != 0;

    /// <summary>Valid until an item is added.</summary>
    public ReadOnlySpan<SendItem> Items => CollectionsMarshal.AsSpan(_items);

    /// <summary>Sum of the items' payload.</summary>
    public ulong PayloadLength { get; private set; }

    /// <summary>The most that a heap can have.</summary>
    public ulong LargestPayload => (1UL << addressBits) - 1;

    /// <summary>Adds an item whose value is in its item pointer.</summary>
    public void AddImmediate(ulong id, ulong value) =>
        _items.Add(new() { Pointer = (1UL << 63) | (id << addressBits) | value, IsImmediate = true });

    /// <summary>Adds user-supplied bytes, which may become an immediate if that is allowed.</summary>
    public void AddItem(ulong id, byte* data, ulong length, bool allowImmediate)
    {
        if (allowImmediate && length <= (ulong)addressBits / 8)
        {
            AddImmediate(id, RightAligned(data, (int)length));
            return;
        }

        _items.Add(new() { Pointer = id << addressBits, Data = data, Length = length });
        PayloadLength += length;
    }

    /// <summary>Adds bytes that become the heap's.</summary>
    public void AddOwned(ulong id, ReadOnlySpan<byte> data)
    {
        byte[] copy = GC.AllocateUninitializedArray<byte>(data.Length, pinned: true);
        data.CopyTo(copy);
        _owned.Add(copy);
        AddItem(id, (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(copy, 0), (ulong)copy.Length, allowImmediate: false);
    }

    /// <summary>Takes all items out.</summary>
    public void Clear()
    {
        _items.Clear();
        _owned.Clear();
        PayloadLength = 0;
    }

    /// <summary>Held by who changes the heap, so that it does not change once a stream has it.</summary>
    public Lock Gate { get; } = new();

    /// <summary>A stream has it now.</summary>
    public void BeginSending()
    {
        lock (Gate)
        {
            _sendings++;
        }
    }

    /// <summary>A stream does not need it any more.</summary>
    public void EndSending()
    {
        lock (Gate)
        {
            _sendings--;
        }
    }

    private static ulong RightAligned(byte* data, int length)
    {
        ulong value = 0;
        for (int i = 0; i < length; i++)
        {
            value = (value << 8) | data[i];
        }

        return value;
    }
}

/// <summary>One item of a heap to send.</summary>
internal unsafe struct SendItem
{
    /// <summary>Item pointer; of an addressed item without the address.</summary>
    public ulong Pointer;

    /// <summary>Payload; null for an immediate.</summary>
    public byte* Data;

    /// <summary>Bytes of payload; 0 for an immediate.</summary>
    public ulong Length;

    public bool IsImmediate;
}
