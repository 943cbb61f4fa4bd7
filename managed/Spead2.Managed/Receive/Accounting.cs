// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// Which heaps never arrived, by the cnts of those that did: spead2core/statistics.h has the rules. Memory and work per
/// heap are bounded whatever cnts are sent. Under the stream's lock.
/// </summary>
internal sealed class Accounting(ReceiveStreamOptions options, Tally tally)
{
    /// <summary>Most sequences of heap cnts that a stream accounts for.</summary>
    public const int MaxSequences = 16384;

    private readonly bool _bySource = options.Accounting == HeapAccounting.BySource;
    private readonly ulong _substreams = (ulong)options.Substreams;
    private readonly ulong _step = (ulong)options.CntStep;
    private readonly Dictionary<(ulong Substream, int Source), CntSequence> _sequences = [];
    private (ulong Substream, int Source) _recentKey;
    private CntSequence? _recent;

    /// <summary>A heap has begun.</summary>
    /// <param name="cnt">Its cnt.</param>
    /// <param name="addressBits">Bits of a cnt.</param>
    /// <param name="source">Number of its packet source.</param>
    /// <param name="shares">Whether further heaps with its cnt are no duplicates.</param>
    public void Take(ulong cnt, int addressBits, int source, bool shares)
    {
        (ulong, int) key = (_substreams == 1 ? 0 : cnt % _substreams, _bySource ? source : 0);
        if (_recent is null || key != _recentKey)
        {
            if (!TryFind(key, out CntSequence? found))
            {
                tally[Statistic.HeapsUnplaced]++;
                return;
            }

            (_recent, _recentKey) = (found, key);
        }

        _recent!.Take(cnt, addressBits, shares);
    }

    /// <summary>The stream has ended: what has not arrived will not.</summary>
    public void Settle()
    {
        foreach (CntSequence sequence in _sequences.Values)
        {
            sequence.Settle();
        }
    }

    private bool TryFind((ulong Substream, int Source) key, out CntSequence? sequence)
    {
        if (_sequences.TryGetValue(key, out sequence))
        {
            return true;
        }

        if (_sequences.Count == MaxSequences)
        {
            return false;
        }

        try
        {
            sequence = new(_step, tally);
            _sequences.Add(key, sequence);
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
    }
}
