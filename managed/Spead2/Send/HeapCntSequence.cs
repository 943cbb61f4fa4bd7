// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>
/// Gives heaps their heap cnt: next, next + step, next + 2 × step, …, reduced to the address bits of the flavour.
/// Senders that share a stream use different starts and a common step.
/// </summary>
/// <remarks>Not safe for use by several threads at once.</remarks>
public sealed class HeapCntSequence
{
    private readonly ulong _step;
    private ulong _next;

    /// <summary>Makes a sequence.</summary>
    /// <param name="next">The first heap cnt.</param>
    /// <param name="step">Difference of two heap cnts that follow each other.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is 0.</exception>
    public HeapCntSequence(ulong next = 1, ulong step = 1)
    {
        ArgumentOutOfRangeException.ThrowIfZero(step);
        _next = next;
        _step = step;
    }

    /// <summary>Takes the next heap cnt.</summary>
    /// <param name="flavour">Flavour of the heap, whose address bits the heap cnt is reduced to.</param>
    public ulong Take(Flavour flavour)
    {
        ulong cnt = _next & ((1UL << flavour.AddressBits) - 1);
        _next = unchecked(_next + _step);
        return cnt;
    }
}
