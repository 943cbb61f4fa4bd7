// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>The waiters for heaps of a stream's ring.</summary>
internal sealed class ManagedReadQueue(RingConsumer ring, bool spins) : ReadQueue<Heap>(spins)
{
    protected override int RingCount => ring.Count;

    protected override ReadResult PopWait(TimeSpan timeout, out Heap? heap)
    {
        LiveHeap? live = null;
        ReadResult result = ring.PopWait(new Span<LiveHeap?>(ref live), timeout, out _);
        heap = live is null ? null : ManagedHeap.Own(live);
        return result;
    }

    protected override ReadResult Pop(out Heap? heap)
    {
        LiveHeap? live = null;
        ReadResult result = ring.Pop(new Span<LiveHeap?>(ref live), out _);
        heap = live is null ? null : ManagedHeap.Own(live);
        return result;
    }

    protected override int PopBatch(Span<Heap> heaps)
    {
        int total = 0;
        LiveHeapBatch batch = default;
        while (total < heaps.Length)
        {
            Span<LiveHeap?> live = batch;
            if (ring.Pop(live[..Math.Min(live.Length, heaps.Length - total)], out int count) != ReadResult.Item)
            {
                break;
            }

            Own(live[..count], heaps[total..]);
            total += count;
        }

        return total;
    }

    protected override ReadResult RequestReady() => ring.RequestReady();

    private static void Own(ReadOnlySpan<LiveHeap?> live, Span<Heap> heaps)
    {
        int owned = 0;
        try
        {
            while (owned < live.Length)
            {
                LiveHeap heap = live[owned]!;
                owned++;
                heaps[owned - 1] = ManagedHeap.Own(heap);
            }
        }
        finally
        {
            // Nobody else knows of these if one before them could not be taken over.
            while (owned < live.Length)
            {
                live[owned++]!.Free();
            }
        }
    }

    [InlineArray(64)]
    private struct LiveHeapBatch
    {
        private LiveHeap? _first;
    }
}
