// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>The packet format: SPEAD protocol document.</summary>
internal static class Wire
{
    public const int HeaderSize = 8;
    public const int PointerSize = 8;

    /// <summary>What any packet has at least: a header, and the cnt's and two more item pointers.</summary>
    public const int LeastPrefix = HeaderSize + 3 * PointerSize;

    /// <summary>First byte of a packet.</summary>
    public const byte Magic = 0x53;

    /// <summary>Mode bit of an item pointer: set, the value follows; clear, a heap address follows.</summary>
    public const ulong ImmediateBit = 1UL << 63;

    /// <summary>Value of a stream control item: the stream starts.</summary>
    public const ulong StreamStart = 0;

    /// <summary>Value of a stream control item: the stream stops.</summary>
    public const ulong StreamStop = 2;

    /// <summary>Where a length is not known. No number of a packet is as large: they have at most 56 bits.</summary>
    public const ulong LengthUnknown = ulong.MaxValue;

    /// <summary>Identifier of an item pointer.</summary>
    public static ulong Id(ulong pointer, int addressBits) => (pointer & ~ImmediateBit) >> addressBits;

    /// <summary>Immediate value or heap address of an item pointer.</summary>
    public static ulong Value(ulong pointer, int addressBits) => pointer & ((1UL << addressBits) - 1);

    /// <summary>A length as users see it.</summary>
    public static long Shown(ulong length) => length == LengthUnknown ? -1 : (long)length;
}
