// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Differential.Generation;

/// <summary>A packet that can still be changed, also into one that is wrong.</summary>
internal sealed record Draft
{
    private const ulong ImmediateBit = 1UL << 63;

    public required int AddressBits { get; init; }

    public ushort Reserved { get; init; }

    /// <summary>All item pointers in the order of the packet.</summary>
    public List<ulong> Pointers { get; init; } = [];

    public byte[] Payload { get; init; } = [];

    /// <summary>The largest value that an item pointer has room for.</summary>
    public long LargestValue => (1L << AddressBits) - 1;

    /// <summary>Takes a correct packet apart.</summary>
    public static Draft Of(ReadOnlySpan<byte> packet)
    {
        var draft = new Draft { AddressBits = 8 * packet[3] };
        int count = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        for (int i = 0; i < count; i++)
        {
            draft.Pointers.Add(BinaryPrimitives.ReadUInt64BigEndian(packet[(8 + (8 * i))..]));
        }

        return draft with { Payload = packet[(8 + (8 * count))..].ToArray() };
    }

    /// <summary>A copy whose pointers are its own.</summary>
    public Draft Copy() => this with { Pointers = [.. Pointers] };

    /// <summary>An immediate item pointer; what is too wide is cut off.</summary>
    public ulong Immediate(long id, long value) => ImmediateBit | Address(id, value);

    /// <summary>An item pointer in address mode; what is too wide is cut off.</summary>
    public ulong Address(long id, long value) =>
        (((ulong)id << AddressBits) & ~ImmediateBit) | (ulong)(value & LargestValue);

    /// <summary>Where the first immediate of an identifier is, or -1.</summary>
    public int IndexOf(long id) =>
        Pointers.FindIndex(pointer => pointer >> AddressBits == Immediate(id, 0) >> AddressBits);

    /// <summary>Value of the immediate at an index.</summary>
    public long ValueAt(int index) => (long)Pointers[index] & LargestValue;

    /// <summary>The packet on the wire.</summary>
    public byte[] Encode()
    {
        byte[] packet = new byte[8 + (8 * Pointers.Count) + Payload.Length];
        packet[0] = 0x53;
        packet[1] = Flavour.Version;
        packet[2] = (byte)(8 - (AddressBits / 8));
        packet[3] = (byte)(AddressBits / 8);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), Reserved);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), (ushort)Pointers.Count);
        for (int i = 0; i < Pointers.Count; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(packet.AsSpan(8 + (8 * i)), Pointers[i]);
        }

        Payload.CopyTo(packet.AsSpan(8 + (8 * Pointers.Count)));
        return packet;
    }
}
