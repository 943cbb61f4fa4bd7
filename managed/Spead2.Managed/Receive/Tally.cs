// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// The statistics of a stream: counted under its lock, and read by anyone as of the end of the latest slice.
/// </summary>
internal sealed class Tally
{
    private readonly Lock _lock = new();
    private readonly StatisticMode[] _customModes;
    private readonly long[] _customBatch;
    private Counters _now;

    // Under this class's own lock:
    private readonly long[] _customValues;
    private Counters _published;

    public Tally(IReadOnlyList<CustomStatistic> custom)
    {
        _customModes = [.. custom.Select(statistic => statistic.Mode)];
        _customBatch = GC.AllocateArray<long>(custom.Count, pinned: true);
        _customValues = new long[custom.Count];
    }

    /// <summary>
    /// What functions of the user say in the slice under way; it does not move in memory. Under the stream's lock.
    /// </summary>
    public long[] CustomBatch => _customBatch;

    /// <summary>A statistic as it is counted. Under the stream's lock.</summary>
    public ref long this[Statistic statistic]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _now[(int)statistic];
    }

    /// <summary>Makes what was counted visible. Under the stream's lock.</summary>
    public void Publish()
    {
        lock (_lock)
        {
            _published = _now;
            for (int i = 0; i < _customBatch.Length; i++)
            {
                Combine(i, _customBatch[i]);
                _customBatch[i] = 0;
            }
        }
    }

    /// <summary>Adds to a custom counter, or raises a custom maximum. Any thread.</summary>
    public void UpdateCustom(int index, long value)
    {
        lock (_lock)
        {
            Combine(index, value);
        }
    }

    /// <summary>A consistent copy, custom statistics last. Never waits for a slice to end.</summary>
    public long[] Read()
    {
        lock (_lock)
        {
            return [.. (ReadOnlySpan<long>)_published, .. _customValues];
        }
    }

    /// <summary>Values are unsigned, as they are for users of the C interface.</summary>
    private void Combine(int index, long value)
    {
        ref long current = ref _customValues[index];
        current = _customModes[index] == StatisticMode.Maximum
            ? (long)Math.Max((ulong)current, (ulong)value)
            : current + value;
    }

    /// <summary>Values of all <see cref="Statistic"/>.</summary>
    [InlineArray(StatisticNames.KnownCount)]
    private struct Counters
    {
        private long _first;
    }
}
