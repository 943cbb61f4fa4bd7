// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>Dialects of packet sources: what the engine makes of them.</summary>
internal static unsafe class Dialects
{
    private const string Options = nameof(sp2_dialect);
    private const ulong LeastItemId = ItemId.StreamControl + 1;

    // 64-8 has the longest identifiers.
    private const int MostIdBits = 55;

    private const DialectFlags Known =
        DialectFlags.MissingOffsetIsZero | DialectFlags.MissingLengthIsRest | DialectFlags.DatagramIsHeap |
        DialectFlags.IgnoreHeapLength | DialectFlags.ControlOnly | DialectFlags.ZeroLengthIsRest |
        DialectFlags.UnpointedItem | DialectFlags.IgnoreOffset;

    /// <summary>A dialect for the engine; null where the caller has none.</summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static Dialect? Read(sp2_dialect* caller)
    {
        if (caller is null)
        {
            return null;
        }

        sp2_dialect given = Sized.Read(caller, Options);
        DialectFlags flags = (DialectFlags)given.flags;
        if ((flags & ~Known) != 0)
        {
            throw Failure.UnknownFlags(Options, (uint)(flags & ~Known));
        }

        bool hasItem = (flags & DialectFlags.UnpointedItem) != 0;
        if (!hasItem && given.item_id != 0)
        {
            throw Failure.Argument(
                $"{Options}.item_id is {given.item_id}, but flags lacks SP2_DIALECT_UNPOINTED_ITEM, without which it is " +
                "not used");
        }

        if (hasItem && (given.item_id < LeastItemId || given.item_id >> MostIdBits != 0))
        {
            throw Failure.Argument(
                $"{Options}.item_id is {given.item_id}, but identifiers of items begin at {LeastItemId} and have at most " +
                $"{MostIdBits} bits");
        }

        return Dialect.Of(flags, (long)given.item_id);
    }
}
