// SPDX-License-Identifier: MIT

namespace Spead2.Soak.Sending;

/// <summary>
/// Who sent a heap, by its cnt: those of honest senders are small numbers that rise. The others begin with five ones, so
/// that damage hardly ever makes one of them look honest.
/// </summary>
internal static class Cnts
{
    /// <summary>Least cnt of a heap whose packets may be damaged.</summary>
    public const ulong FirstDecoy = 0b01_1111UL << 34;

    /// <summary>Least cnt of a heap of a hostile sender.</summary>
    public const ulong FirstHostile = 0b11_1110UL << 34;

    /// <summary>Number of cnts for each of them.</summary>
    public const ulong Range = 1UL << 34;

    /// <summary>Whether a heap must have the content that belongs to its cnt.</summary>
    public static bool IsHonest(ulong cnt) => cnt < Range;
}
