// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// Heaps that are complete have been placed in chunks already. What waits for room is a packet, which its source keeps: the
/// first one of a heap for which there is no chunk yet.
/// </summary>
internal sealed class ChunkSink(ChunkMember member) : HeapSink
{
    private readonly ChunkGroup _group = member.Group;
    private bool _hasEnded;

    public override bool IsFull => false;

    public override void Deliver(LiveHeap heap) => member.Finish(heap);

    public override bool TryMakeRoom() => member.Stream.Flow.IsClosed || member.TryGoOn();

    public override void End()
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            member.EndSlice();
            _group.End(member);
        }
    }

    public override bool TakeNews() => member.EndSlice() | _group.HasNews;

    public override void Announce() => _group.Wake();

    public override void CallBack() => _group.CallBack();

    public override void SpinForRoom()
    {
        // The consumer has a whole chunk to look at first.
    }

    public override void Free()
    {
        // The chunks are the group's.
    }
}
