// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>A decoded packet; its spans are parts of the bytes that it was decoded from.</summary>
internal ref struct Packet
{
    public ulong Cnt;

    /// <summary>Or <see cref="Wire.LengthUnknown"/>.</summary>
    public ulong HeapLength;

    public ulong PayloadOffset;
    public ulong PayloadLength;
    public int AddressBits;

    /// <summary>The packet, and nothing that may follow it.</summary>
    public ReadOnlySpan<byte> Bytes;

    public ReadOnlySpan<byte> Payload;

    /// <summary>The item pointers from the first that is not one of the special four.</summary>
    public ReadOnlySpan<byte> Items;

    /// <summary>The special four come first, in the order of their identifiers.</summary>
    public bool HasUsualPrefix;

    /// <summary>Item pointer of payload that none points to; 0: there is no such item.</summary>
    public ulong Unpointed;

    public readonly bool HasHeapLength => HeapLength != Wire.LengthUnknown;

    public readonly int ItemCount => Items.Length / Wire.PointerSize;

    /// <summary>Heap offset behind the payload. Its parts have at most 56 bits, so that it cannot overflow.</summary>
    public readonly ulong PayloadEnd => PayloadOffset + PayloadLength;

    /// <summary>What the packet says, for functions of the user.</summary>
    public readonly Receive.PacketHeader Describe(Span<long> customStatistics) => new()
    {
        Cnt = Cnt,
        AddressBits = AddressBits,
        HeapLength = Wire.Shown(HeapLength),
        PayloadOffset = (long)PayloadOffset,
        Payload = Payload,
        ItemPointers = Items,
        CustomStatistics = customStatistics,
    };
}
