// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A finished heap as users see it.</summary>
internal sealed unsafe class ManagedHeap : Heap
{
    private readonly LiveHeap _heap;

    private ManagedHeap(LiveHeap heap)
        : base(ReadInfo(heap))
    {
        _heap = heap;
    }

    /// <summary>Freezes a finished heap and takes it over; releases it if that fails.</summary>
    public static ManagedHeap Own(LiveHeap heap)
    {
        try
        {
            return new(heap);
        }
        catch
        {
            heap.Free();
            throw;
        }
    }

    /// <summary>The items of a frozen heap, whose bytes are those of its owner.</summary>
    public static RawItem[] ReadItems(Heap owner, LiveHeap heap)
    {
        int count = 0;
        for (FrozenItems items = new(heap); items.MoveNext();)
        {
            count++;
        }

        RawItem[] result = count == 0 ? [] : new RawItem[count];
        FrozenItems again = new(heap);
        for (int i = 0; again.MoveNext(); i++)
        {
            result[i] = new(owner, (long)again.Id, again.IsImmediate, again.Value, (int)again.Length);
        }

        return result;
    }

    internal override RawItem[] ReadItems() => ReadItems(this, _heap);

    internal override PayloadRange[] ReadRanges() => _heap.RangeCopies ?? [];

    internal override void ReleaseMemory() => _heap?.Free();

    private static HeapInfo ReadInfo(LiveHeap heap)
    {
        HeapState state = FrozenHeap.Freeze(heap, out _);
        bool hasPayload = heap.Payload is not null && heap.ReceivedEnd != 0;
        return new()
        {
            Cnt = heap.Cnt,
            Flavour = new(heap.AddressBits, heap.BugCompat),
            HeapLength = Wire.Shown(heap.HeapLength),
            ReceivedLength = (long)heap.ReceivedLength,
            State = state,
            Payload = hasPayload ? heap.Payload : null,
            PayloadLength = hasPayload ? checked((int)heap.ReceivedEnd) : 0,
            Sender = heap.Sender.ToEndPoint(),
        };
    }
}
