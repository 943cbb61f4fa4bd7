// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>What users are told of a finished heap.</summary>
internal static class FrozenHeap
{
    /// <summary>Puts the items in order and counts them; gives the state with what stream control items say.</summary>
    public static HeapState Freeze(LiveHeap heap, out int itemCount)
    {
        if (heap.Unpointed != 0 && (heap.State & HeapState.Contiguous) != 0)
        {
            heap.Pointers.AddUnlessAddressed(heap.Unpointed);
        }

        heap.Pointers.Sort(heap.AddressBits);
        HeapState state = heap.State;
        itemCount = 0;
        for (FrozenItems items = new(heap); items.MoveNext(); itemCount++)
        {
            if (items.Id == ItemId.StreamControl && items.TryGetNumber(out ulong number))
            {
                state |= number switch
                {
                    Wire.StreamStart => HeapState.StartOfStream,
                    Wire.StreamStop => HeapState.EndOfStream,
                    _ => HeapState.None,
                };
            }
        }

        return state;
    }
}
