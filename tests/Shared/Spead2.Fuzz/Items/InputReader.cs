// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Fuzz.Items;

/// <summary>An input that is taken apart from its start. What is missing at its end is zero.</summary>
internal ref struct InputReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether nothing is left.</summary>
    public readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>A byte.</summary>
    public byte ReadByte() => (byte)ReadNumber(sizeof(byte));

    /// <summary>A number of two bytes.</summary>
    public ushort ReadUInt16() => (ushort)ReadNumber(sizeof(ushort));

    /// <summary>A big-endian number.</summary>
    public ulong ReadNumber(int width)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        word.Clear();
        ReadOnlySpan<byte> there = Take(width);
        there.CopyTo(word[(sizeof(ulong) - width)..]);
        return BinaryPrimitives.ReadUInt64BigEndian(word);
    }

    /// <summary>Bytes, as many of them as are left.</summary>
    public byte[] ReadBytes() => Take(ReadUInt16()).ToArray();

    private ReadOnlySpan<byte> Take(int length)
    {
        ReadOnlySpan<byte> there = _rest[..Math.Min(length, _rest.Length)];
        _rest = _rest[there.Length..];
        return there;
    }
}
