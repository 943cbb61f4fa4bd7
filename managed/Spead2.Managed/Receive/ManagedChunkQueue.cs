// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>The waiters for chunks of a group.</summary>
internal sealed class ManagedChunkQueue(ChunkGroup group, TimeSpan spinTime) : ReadQueue<Chunk>(spinTime != TimeSpan.Zero)
{
    protected override int RingCount => (int)group.Statistics.ReadyChunks;

    protected override ReadResult Pop(out Chunk? item) => group.Pop(out item);

    protected override ReadResult PopWait(TimeSpan timeout, out Chunk? item)
    {
        ReadResult result = group.Pop(out item);
        if (result != ReadResult.Empty)
        {
            return result;
        }

        long start = Stopwatch.GetTimestamp();
        if (timeout != TimeSpan.Zero)
        {
            bool isShort = timeout > TimeSpan.Zero && timeout < spinTime;
            Spin.Until(group, static group => group.Look() != ReadResult.Empty, isShort ? timeout : spinTime);
        }

        while ((result = group.Pop(out item)) == ReadResult.Empty)
        {
            if (!Sleep(start, timeout))
            {
                return ReadResult.Empty;
            }
        }

        return result;
    }

    protected override int PopBatch(Span<Chunk> items)
    {
        int count = 0;
        while (count < items.Length && group.Pop(out Chunk? chunk) == ReadResult.Item)
        {
            items[count++] = chunk!;
        }

        return count;
    }

    protected override ReadResult RequestReady() => group.RequestReady();

    /// <summary>Sleeps until there may be a chunk, or for the rest of the time; false if that has passed.</summary>
    private bool Sleep(long start, TimeSpan timeout)
    {
        int milliseconds = Timeout.Infinite;
        if (timeout != Timeout.InfiniteTimeSpan)
        {
            TimeSpan remaining = timeout - Stopwatch.GetElapsedTime(start);
            if (remaining <= TimeSpan.Zero)
            {
                return false;
            }

            milliseconds = (int)Math.Min(Math.Ceiling(remaining.TotalMilliseconds), int.MaxValue);
        }

        int key = group.Waiters.Prepare();
        if (group.Look() != ReadResult.Empty)
        {
            group.Waiters.Cancel();
        }
        else
        {
            group.Waiters.Wait(key, milliseconds);
        }

        return true;
    }
}
