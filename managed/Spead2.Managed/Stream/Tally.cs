// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>The statistics of a stream: counted under its lock, and read by anyone as of the end of the latest turn.</summary>
internal sealed class Tally
{
    private readonly Lock _lock = new();
    private Counters _now;
    private Counters _published;

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
        }
    }

    /// <summary>A consistent copy. Never waits for a turn to end.</summary>
    public long[] Read()
    {
        lock (_lock)
        {
            return ((ReadOnlySpan<long>)_published).ToArray();
        }
    }
}
