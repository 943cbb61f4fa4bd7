// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Managed;

/// <summary>Options of a send stream as the engine has them: valid ones.</summary>
/// <param name="MaxHeaps">Places of the queue.</param>
/// <param name="MaxPacketSize">Rounded down to a multiple of 8.</param>
/// <param name="Rate">Bytes per second; 0: unlimited.</param>
/// <param name="BurstSize">Bytes of a burst.</param>
/// <param name="BurstRateRatio">How much faster a late stream catches up.</param>
/// <param name="Pacing">How packets within a burst are spaced.</param>
internal sealed record SendSettings(
    int MaxHeaps, int MaxPacketSize, double Rate, long BurstSize, double BurstRateRatio, Pacing Pacing);

/// <summary>One heap of a group as the engine is asked to send it.</summary>
/// <param name="Heap">The heap.</param>
/// <param name="Cnt">Heap cnt; negative takes the next.</param>
/// <param name="Substream">Which destination.</param>
/// <param name="Rate">Bytes per second; negative: the stream's; 0: unlimited.</param>
internal readonly record struct HeapSending(SendHeap? Heap, long Cnt, ulong Substream, double Rate)
{
    /// <summary>A negative cnt.</summary>
    public const long AutomaticCnt = -1;

    /// <summary>A negative rate.</summary>
    public const double StreamRate = -1;
}

/// <summary>A place in the queue: one heap, and if it is the first of its group, the group.</summary>
internal struct QueuedHeap
{
    public Packetizer Packetizer;
    public int Substream;
    public double NsPerByte;

    /// <summary>Heaps of the group; 0: not the first of it.</summary>
    public int Heaps;

    public GroupMode Mode;

    /// <summary>Heaps that have further packets.</summary>
    public int Unfinished;

    /// <summary>Whose packet is next, counted from the first.</summary>
    public int Turn;

    /// <summary>Packets that were cut but not dealt with yet.</summary>
    public long OnTheirWay;

    public Spead2Status Status;
    public int OsCode;
    public long Bytes;
    public long Packets;
    public long Failed;
    public ISendCompletion? Completion;
}
