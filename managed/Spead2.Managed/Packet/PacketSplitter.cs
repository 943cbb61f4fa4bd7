// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Managed;

/// <summary>
/// Cuts a stream of bytes into packets (spec sections 3.2 and A5.5). Each byte is looked at a few times, whatever it is:
/// item pointers once they are complete, and never again; what was no packet's item pointers is passed over as a whole.
/// </summary>
/// <param name="maxSize">Largest packet.</param>
internal struct PacketSplitter(int maxSize)
{
    // Of the packet at the start of the bytes, if that is known; else 0.
    private int _packetSize;

    // Bytes to come of a packet that was larger than the largest.
    private ulong _rest;

    /// <summary>What stands at the start of bytes.</summary>
    internal enum PieceKind
    {
        /// <summary>More bytes must come first.</summary>
        Unknown,

        /// <summary>As many bytes as a packet says that it has; <see cref="Take"/> follows once they have been used.</summary>
        Packet,

        /// <summary>Bytes that are no packet: the first since one.</summary>
        Lost,

        /// <summary>More of them.</summary>
        Skipped,

        /// <summary>The first bytes of a packet that is too large.</summary>
        TooLarge,

        /// <summary>More of them.</summary>
        Rest,
    }

    /// <summary>Largest packet.</summary>
    public readonly int MaxSize => maxSize;

    /// <summary>Whether no packet has been found since bytes that were none.</summary>
    public bool IsLost { get; private set; }

    /// <summary>
    /// Says what the bytes start with. The next call begins behind that, but for a piece that is unknown or a packet that
    /// was not taken: then with the same bytes, and perhaps more.
    /// </summary>
    public Piece Next(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return default;
        }

        if (_rest != 0)
        {
            int part = (int)Math.Min(_rest, (ulong)bytes.Length);
            _rest -= (ulong)part;
            return new(PieceKind.Rest, part);
        }

        if (_packetSize == 0)
        {
            Piece piece = Begin(bytes);
            if (_packetSize == 0)
            {
                return piece;
            }
        }

        return _packetSize <= bytes.Length ? new(PieceKind.Packet, _packetSize) : default;
    }

    /// <summary>The packet has been used.</summary>
    public void Take() => _packetSize = 0;

    /// <summary>The size of the packet is to be found out.</summary>
    private Piece Begin(ReadOnlySpan<byte> bytes)
    {
        PacketFault fault = CheckHeader(bytes);
        if (fault != PacketFault.None)
        {
            return Skip(FindHeader(bytes, 1), fault);
        }

        if (bytes.Length < Wire.HeaderSize)
        {
            return default;
        }

        int tableEnd = TableEnd(bytes);
        if (bytes.Length < tableEnd)
        {
            return default;
        }

        if (FindPayloadLength(bytes[..tableEnd]) is not { } payload)
        {
            return Skip(tableEnd, PacketFault.ItemMissing);
        }

        if (payload > (ulong)(maxSize - tableEnd))
        {
            // Among bytes that are no packet it is more likely that this is none, either.
            if (IsLost)
            {
                return Skip(tableEnd, PacketFault.None);
            }

            _rest = payload;
            return new(PieceKind.TooLarge, tableEnd);
        }

        IsLost = false;
        _packetSize = tableEnd + (int)payload;
        return default;
    }

    private Piece Skip(int length, PacketFault fault)
    {
        Piece piece = new(IsLost ? PieceKind.Skipped : PieceKind.Lost, length, fault);
        IsLost = true;
        return piece;
    }

    private static int TableEnd(ReadOnlySpan<byte> bytes) =>
        Wire.HeaderSize + BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) * Wire.PointerSize;

    /// <summary>What is wrong with a header, as far as it has come.</summary>
    private readonly PacketFault CheckHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] != Wire.Magic || (bytes.Length > 1 && bytes[1] != Flavour.Version))
        {
            return PacketFault.Magic;
        }

        if ((bytes.Length > 2 && bytes[2] == 0) || (bytes.Length > 3 && bytes[3] == 0))
        {
            return PacketFault.Flavour;
        }

        if (bytes.Length > 3 && bytes[2] + bytes[3] != Wire.PointerSize)
        {
            return PacketFault.Widths;
        }

        return bytes.Length >= Wire.HeaderSize && TableEnd(bytes) > maxSize ? PacketFault.ItemTable : PacketFault.None;
    }

    /// <summary>How many bytes stand before the first one from there on that may be the start of a header.</summary>
    private readonly int FindHeader(ReadOnlySpan<byte> bytes, int from)
    {
        while (from < bytes.Length)
        {
            int distance = bytes[from..].IndexOf(Wire.Magic);
            if (distance < 0)
            {
                break;
            }

            from += distance;
            if (CheckHeader(bytes[from..]) == PacketFault.None)
            {
                return from;
            }

            from++;
        }

        return bytes.Length;
    }

    /// <summary>The first PAYLOAD_LENGTH of a packet whose item pointers are all there; null if it has none.</summary>
    private static ulong? FindPayloadLength(ReadOnlySpan<byte> table)
    {
        int addressBits = table[3] * 8;
        ulong wanted = (Wire.ImmediateBit >> addressBits) | ItemId.PayloadLength;
        for (int i = Wire.HeaderSize; i < table.Length; i += Wire.PointerSize)
        {
            ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(table[i..]);
            if (pointer >> addressBits == wanted)
            {
                return Wire.Value(pointer, addressBits);
            }
        }

        return null;
    }

    /// <summary>What stands at the start of bytes.</summary>
    /// <param name="Kind">What it is.</param>
    /// <param name="Length">Bytes, at least 1 unless the kind is unknown.</param>
    /// <param name="Fault">Of a loss, why.</param>
    internal readonly record struct Piece(PieceKind Kind, int Length, PacketFault Fault = PacketFault.None);
}
