// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Puts item pointers in the order in which users see the items of a flavour.</summary>
internal static class ItemPointerSort
{
    // Up to so many are sorted by insertion, more digit by digit.
    private const int MostInserted = 24;

    private const int DigitBits = 8;
    private const int Digits = 1 << DigitBits;

    /// <summary>
    /// By address, then immediates by value; the identifier takes no part, and equals keep their order. Digit by digit, the
    /// lowest first, so that no order that a sender has chosen is slow.
    /// </summary>
    public static void Sort(Span<ulong> pointers, int addressBits)
    {
        ulong keyMask = Wire.ImmediateBit | ((1UL << addressBits) - 1);
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

        Span<ulong> from = pointers;
        Span<ulong> to = new ulong[pointers.Length];
        for (int shift = 0; shift < 64; shift += DigitBits)
        {
            // The identifier shares its digit with the bit that says what mode the pointer has.
            if ((differences & keyMask & ((ulong)(Digits - 1) << shift)) != 0)
            {
                SortByDigit(from, to, shift, keyMask);
                Span<ulong> sortedNow = to;
                to = from;
                from = sortedNow;
            }
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

    /// <summary>Sorts by one digit to other memory; equals keep their order.</summary>
    private static void SortByDigit(ReadOnlySpan<ulong> from, Span<ulong> to, int shift, ulong keyMask)
    {
        Span<int> ends = stackalloc int[Digits];
        foreach (ulong pointer in from)
        {
            ends[(int)((pointer & keyMask) >> shift & (Digits - 1))]++;
        }

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
