// SPDX-License-Identifier: MIT

using System.Buffers;

namespace Spead2.Items;

/// <summary>Puts item pointers in the order in which users see the items of a flavour.</summary>
internal static class ItemPointerSort
{
    // Up to so many are sorted by insertion, more digit by digit.
    private const int MostInserted = 24;

    private const ulong ImmediateBit = 1UL << 63;
    private const int DigitBits = 8;
    private const int Digits = 1 << DigitBits;
    private const int MostDigits = 64 / DigitBits;

    // Longest memory for sorting that is recycled: a quarter MiB.
    private const int MostPooled = 1 << 15;

    /// <summary>
    /// By address, then immediates by value; the identifier takes no part, and equals keep their order. Digit by digit, the
    /// lowest first, so that no order that a sender has chosen is slow.
    /// </summary>
    public static void Sort(Span<ulong> pointers, int addressBits)
    {
        ulong keyMask = ImmediateBit | ((1UL << addressBits) - 1);
        ulong differences = 0;
        bool sorted = true;
        for (int i = 1; i < pointers.Length; i++)
        {
            differences |= pointers[i - 1] ^ pointers[i];
            sorted &= (pointers[i - 1] & keyMask) <= (pointers[i] & keyMask);
        }

        if (sorted)
        {
            return;
        }

        if (pointers.Length <= MostInserted)
        {
            SortByInsertion(pointers, keyMask);
            return;
        }

        if (pointers.Length > MostPooled)
        {
            SortByDigits(pointers, new ulong[pointers.Length], keyMask, differences);
            return;
        }

        ulong[] room = ArrayPool<ulong>.Shared.Rent(pointers.Length);
        SortByDigits(pointers, room.AsSpan(0, pointers.Length), keyMask, differences);
        ArrayPool<ulong>.Shared.Return(room);
    }

    private static void SortByDigits(Span<ulong> pointers, Span<ulong> room, ulong keyMask, ulong differences)
    {
        Span<int> shifts = stackalloc int[MostDigits];
        Span<int> counts = stackalloc int[MostDigits * Digits];
        int digits = CountDigits(pointers, keyMask, differences, shifts, counts);
        Span<ulong> from = pointers;
        Span<ulong> to = room;
        for (int k = 0; k < digits; k++)
        {
            SortByDigit(from, to, shifts[k], keyMask, counts.Slice(k * Digits, Digits));
            Span<ulong> sortedNow = to;
            to = from;
            from = sortedNow;
        }

        if (from != pointers)
        {
            from.CopyTo(pointers);
        }
    }

    private static void SortByInsertion(Span<ulong> pointers, ulong keyMask)
    {
        for (int i = 1; i < pointers.Length; i++)
        {
            ulong moving = pointers[i];
            int k = i;
            for (; k > 0 && (pointers[k - 1] & keyMask) > (moving & keyMask); k--)
            {
                pointers[k] = pointers[k - 1];
            }

            pointers[k] = moving;
        }
    }

    /// <summary>
    /// Which digits the keys differ in, and how many pointers have which one, counted in one go. The identifier shares its
    /// digit with the bit that says what mode the pointer has.
    /// </summary>
    private static int CountDigits(
        ReadOnlySpan<ulong> pointers, ulong keyMask, ulong differences, Span<int> shifts, Span<int> counts)
    {
        int digits = 0;
        for (int shift = 0; shift < 64; shift += DigitBits)
        {
            if ((differences & keyMask & ((ulong)(Digits - 1) << shift)) != 0)
            {
                shifts[digits++] = shift;
            }
        }

        counts[..(digits * Digits)].Clear();
        foreach (ulong pointer in pointers)
        {
            ulong key = pointer & keyMask;
            for (int k = 0; k < digits; k++)
            {
                counts[k * Digits + (int)(key >> shifts[k] & (Digits - 1))]++;
            }
        }

        return digits;
    }

    /// <summary>
    /// Sorts by one digit to other memory; equals keep their order. <paramref name="ends"/> is how many pointers have
    /// which digit, and changes.
    /// </summary>
    private static void SortByDigit(
        ReadOnlySpan<ulong> from, Span<ulong> to, int shift, ulong keyMask, Span<int> ends)
    {
        int start = 0;
        foreach (ref int end in ends)
        {
            int ofDigit = end;
            end = start;
            start += ofDigit;
        }

        foreach (ulong pointer in from)
        {
            to[ends[(int)((pointer & keyMask) >> shift & (Digits - 1))]++] = pointer;
        }
    }
}
