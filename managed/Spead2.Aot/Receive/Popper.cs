// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>Takes heaps from a stream and gives them to a C program.</summary>
internal static unsafe class Popper
{
    /// <summary>Takes heaps without waiting.</summary>
    public static ReadResult Pop(RingConsumer ring, sp2_heap** heaps, uint capacity, uint* count)
    {
        Batch batch = default;
        Span<LiveHeap?> live = batch;
        ReadResult result = ring.Pop(Room(live, capacity), out int taken);
        GiveAll(ring, live, taken, heaps, capacity, count);
        return result;
    }

    /// <summary>Takes heaps, waiting for the first.</summary>
    public static ReadResult PopWait(
        RingConsumer ring, TimeSpan timeout, sp2_heap** heaps, uint capacity, uint* count)
    {
        Batch batch = default;
        Span<LiveHeap?> live = batch;
        ReadResult result = ring.PopWait(Room(live, capacity), timeout, out int taken);
        GiveAll(ring, live, taken, heaps, capacity, count);
        return result;
    }

    private static Span<LiveHeap?> Room(Span<LiveHeap?> batch, uint capacity) =>
        batch[..(int)Math.Min((uint)batch.Length, capacity)];

    /// <summary>Gives what was taken, and takes more if the caller has room for more than one batch.</summary>
    private static void GiveAll(
        RingConsumer ring, Span<LiveHeap?> live, int taken, sp2_heap** heaps, uint capacity, uint* count)
    {
        while (taken != 0)
        {
            Give(live[..taken], heaps, count);
            taken = 0;
            if (*count < capacity && *count % (uint)live.Length == 0)
            {
                ring.Pop(Room(live, capacity - *count), out taken);
            }
        }
    }

    private static void Give(ReadOnlySpan<LiveHeap?> live, sp2_heap** heaps, uint* count)
    {
        int given = 0;
        try
        {
            for (; given < live.Length; given++)
            {
                heaps[*count] = (sp2_heap*)HandleTable.Add(HandleKind.Heap, new NativeHeap(live[given]!));
                ++*count;
            }
        }
        catch (Exception exception) when (*count != 0 && exception is OutOfMemoryException or Spead2Exception)
        {
            // The caller gets those that there is memory for.
        }
        finally
        {
            while (given < live.Length)
            {
                live[given++]!.Free();
            }
        }
    }

    [InlineArray(64)]
    private struct Batch
    {
        private LiveHeap? _first;
    }
}
