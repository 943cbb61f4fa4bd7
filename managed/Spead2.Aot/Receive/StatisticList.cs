// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>Names and modes of a stream's statistics: those of every stream, then custom ones.</summary>
internal sealed unsafe class StatisticList
{
    private static readonly byte[][] CoreNames = [.. StreamStatistics.Names.Select(Utf8.Pinned)];

    private readonly byte[][] _names;
    private readonly IReadOnlyList<CustomStatistic> _custom;

    public StatisticList(IReadOnlyList<CustomStatistic> custom, IReadOnlyList<byte[]> customNames)
    {
        _names = customNames.Count == 0 ? CoreNames : [.. CoreNames, .. customNames];
        _custom = custom;
    }

    /// <summary>Statistics that every stream has.</summary>
    public static int CoreCount => CoreNames.Length;

    public int Count => _names.Length;

    /// <summary>Valid as long as the stream.</summary>
    public sbyte* NameOf(int index) => Utf8.Pointer(_names[index]);

    public sp2_stat_mode ModeOf(int index)
    {
        bool isMaximum = index < CoreCount
            ? (Statistic)index is Statistic.MaxBatch or Statistic.MaxHeapBytes or Statistic.MaxHeapsNeeded
            : _custom[index - CoreCount].Mode == StatisticMode.Maximum;
        return isMaximum ? sp2_stat_mode.SP2_STAT_MAXIMUM : sp2_stat_mode.SP2_STAT_COUNTER;
    }

    /// <summary>Or -1.</summary>
    public int IndexOf(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < _names.Length; i++)
        {
            if (name.SequenceEqual(_names[i].AsSpan(..^1)))
            {
                return i;
            }
        }

        return -1;
    }
}
