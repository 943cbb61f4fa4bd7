// SPDX-License-Identifier: MIT

using Spead2.Managed;

namespace Spead2.Tools.Record;

/// <summary>
/// Tells the first packet of a heap from later ones, in memory that does not grow: a heap whose packets are far apart may
/// begin twice.
/// </summary>
internal sealed class HeapStarts
{
    // Heaps that may be under way at a time. A power of two.
    private const int Size = 1 << 14;

    private readonly (ulong Cnt, SenderAddress To)[] _latest = new (ulong, SenderAddress)[Size];

    /// <summary>Whether no packet of this heap came lately.</summary>
    public bool IsNew(ulong cnt, in SenderAddress to)
    {
        // Cnts of neighbours differ in few bits, which may be any: all of them decide about the upper ones of the product.
        const ulong Multiplier = 0x9e3779b97f4a7c15;
        ulong hash = (cnt ^ to.Number(Multiplier)) * Multiplier;
        ref (ulong Cnt, SenderAddress To) place = ref _latest[hash >> (64 - 14)];
        if (place.Cnt == cnt && place.To == to)
        {
            return false;
        }

        place = (cnt, to);
        return true;
    }
}
