// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;

namespace Spead2.Receive;

/// <summary>
/// One item of a heap as it was sent: an identifier and bytes that nobody has interpreted yet. It belongs to its heap
/// and must not be used after the heap is disposed.
/// </summary>
[DebuggerDisplay("{DebugText,nq}")]
public readonly struct RawItem
{
    private readonly Heap _heap;
    private readonly ulong _value;

    internal RawItem(Heap heap, long id, bool isImmediate, ulong value, int length)
    {
        _heap = heap;
        _value = value;
        Id = id;
        IsImmediate = isImmediate;
        Length = length;
    }

    /// <summary>Item identifier.</summary>
    public long Id { get; }

    /// <summary>Whether the value is in the item pointer itself rather than in the heap's payload.</summary>
    public bool IsImmediate { get; }

    /// <summary>Number of bytes; of an immediate, the heap address bits of its flavour divided by 8.</summary>
    public int Length { get; }

    /// <summary>Value of an immediate.</summary>
    /// <exception cref="InvalidOperationException">The item is not an immediate.</exception>
    public ulong Value =>
        IsImmediate ? _value : throw new InvalidOperationException($"Item {Id} is not an immediate.");

    /// <summary>Where in the heap's payload the item starts.</summary>
    /// <exception cref="InvalidOperationException">The item is an immediate.</exception>
    public int Offset =>
        IsImmediate ? throw new InvalidOperationException($"Item {Id} is an immediate.") : (int)_value;

    /// <summary>
    /// The item's bytes: part of the heap's payload, without a copy; of an immediate, a copy of the bytes as sent.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The heap has been disposed.</exception>
    public ReadOnlyMemory<byte> Bytes => IsImmediate ? EncodeImmediate() : _heap.Payload.Slice(Offset, Length);

    private string DebugText => string.Create(
        CultureInfo.InvariantCulture, $"Item 0x{Id:x}{(IsImmediate ? $" = {_value}" : $", {Length} bytes")}");

    private byte[] EncodeImmediate()
    {
        _heap.ThrowIfDisposed();
        Span<byte> bigEndian = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bigEndian, _value);
        return bigEndian[^Length..].ToArray();
    }
}
