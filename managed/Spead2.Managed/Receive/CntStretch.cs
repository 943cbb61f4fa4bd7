// SPDX-License-Identifier: MIT

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spead2.Managed;

/// <summary>A stretch of a sequence of heap cnts, with a bit for each of its latest heaps.</summary>
internal struct CntStretch
{
    /// <summary>How far heaps may be out of order before a heap that was passed over counts as missing.</summary>
    public const int Window = 256;

    /// <summary>
    /// Heaps in a row that make a sequence of what is far from the one so far: more than a sender may hand over at once.
    /// </summary>
    public const int Run = 64;

    private const int WordBits = 64;
    private const int WordCount = Window / WordBits;

    /// <summary>The foremost cnt.</summary>
    public ulong Top;

    /// <summary>Cnts from the first to the top; 0: there are none.</summary>
    public long Span;

    /// <summary>How many of those have arrived.</summary>
    public long Received;

    /// <summary>How many of those count as missing already: they are out of the window.</summary>
    public long Missing;

    // Of the latest heap, nobody: not known; and heaps before those that have come from it in a row.
    private ulong _sender;
    private long _others;

    // Which have arrived, from the top on backwards.
    private Words _bits;

    /// <summary>Those that have neither arrived nor count as missing.</summary>
    public readonly long Holes => Span - Received - Missing;

    /// <summary>Who sent the latest heap; 0: not known.</summary>
    public readonly ulong LatestSender => _sender;

    /// <summary>The sender of all heaps, or of so many that those of others before do not matter; 0: there is none.</summary>
    public readonly ulong OnlySender => _others == 0 || Received - _others >= Run ? _sender : 0;

    /// <summary>A stretch of heaps in a row.</summary>
    public static CntStretch Of(ulong top, int count, ulong sender)
    {
        CntStretch stretch = new() { Top = top, Span = count, Received = count, _sender = sender };
        stretch._bits[0] = ulong.MaxValue >> (WordBits - count);
        return stretch;
    }

    /// <summary>The top is so many cnts further.</summary>
    public void Advance(ulong top, int by, ulong sender)
    {
        int before = CountBits();
        long leaving = Math.Max(0, Math.Min(Span, Window) - (Window - by));
        for (int i = WordCount - 1; i >= 0; i--)
        {
            _bits[i] = Shifted(i, by);
        }

        Missing += leaving - (before - CountBits());
        _bits[0] |= 1;
        Top = top;
        Span += by;
        Receive(sender);
    }

    /// <summary>The top is so many cnts of a step further, of which none has arrived.</summary>
    public void PassOver(long by, ulong step)
    {
        int shift = (int)Math.Min(by, Window);
        for (int i = WordCount - 1; i >= 0; i--)
        {
            _bits[i] = Shifted(i, shift);
        }

        Top += (ulong)by * step;
        Span += by;
        if (Span > Window)
        {
            Missing = Span - Window - (Received - CountBits());
        }
    }

    /// <summary>A heap behind the top has arrived; false if it had before.</summary>
    public bool TryFill(int back, ulong sender)
    {
        ref ulong word = ref _bits[back / WordBits];
        ulong bit = 1UL << (back % WordBits);
        if ((word & bit) != 0)
        {
            return false;
        }

        word |= bit;
        Span = Math.Max(Span, back + 1);
        Receive(sender);
        return true;
    }

    private void Receive(ulong sender)
    {
        if (_sender != sender)
        {
            (_sender, _others) = (sender, Received);
        }

        Received++;
    }

    private readonly ulong Shifted(int word, int by)
    {
        int from = word - (by / WordBits);
        int bits = by % WordBits;
        ulong high = from >= 0 ? _bits[from] : 0;
        ulong low = from >= 1 ? _bits[from - 1] : 0;
        return bits == 0 ? high : (high << bits) | (low >> (WordBits - bits));
    }

    private readonly int CountBits()
    {
        int sum = 0;
        foreach (ulong word in _bits)
        {
            sum += BitOperations.PopCount(word);
        }

        return sum;
    }

    [InlineArray(WordCount)]
    private struct Words
    {
        private ulong _first;
    }
}
