// SPDX-License-Identifier: MIT

namespace Spead2.Differential;

/// <summary>Takes away from a trace what is not needed to make something fail.</summary>
internal static class Shrinker
{
    /// <summary>A trace that still fails, but does not without any one of its packets or of its options.</summary>
    public static Trace Shrink(Trace trace, Func<Trace, bool> fails)
    {
        Trace before;
        do
        {
            before = trace;
            trace = ShrinkOptions(ShrinkPackets(trace, fails), fails);
        }
        while (trace != before);

        return trace;
    }

    // Delta debugging: halves first, then ever smaller pieces, down to single packets.
    private static Trace ShrinkPackets(Trace trace, Func<Trace, bool> fails)
    {
        for (int size = (trace.Packets.Count + 1) / 2; size > 0; size = size == 1 ? 0 : (size + 1) / 2)
        {
            for (int first = 0; first < trace.Packets.Count;)
            {
                Trace without = trace with
                {
                    Packets = [.. trace.Packets.Take(first), .. trace.Packets.Skip(first + size)],
                };
                if (fails(without))
                {
                    trace = without;
                }
                else
                {
                    first += size;
                }
            }
        }

        return trace;
    }

    private static Trace ShrinkOptions(Trace trace, Func<Trace, bool> fails)
    {
        while (trace.Options.Simpler.Select(options => trace with { Options = options }).FirstOrDefault(fails)
            is Trace simpler)
        {
            trace = simpler;
        }

        return trace;
    }
}
