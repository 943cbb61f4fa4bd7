// SPDX-License-Identifier: MIT

using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>A heap as a group sees it, which keeps its memory as long as an item's value is in it.</summary>
internal sealed class HeapOfGroup(NativeHeap heap, in HeapInfo info) : Heap(info)
{
    internal override RawItem[] ReadItems() => ManagedHeap.ReadItems(this, heap.Live);

    internal override PayloadRange[] ReadRanges() => heap.Live.RangeCopies ?? [];

    // Null if the constructor failed.
    internal override void ReleaseMemory() => heap?.Unhold();
}
