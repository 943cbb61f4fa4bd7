// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed;

/// <summary>
/// Where the producer and the consumers of a <see cref="Ring{T}"/> are. What each side changes stands two cache lines
/// apart from everything else, as lines are fetched in pairs.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 3 * Apart)]
internal struct RingEnds
{
    private const int Apart = 128;

    /// <summary>Objects pushed, ever.</summary>
    [FieldOffset(Apart)]
    public long Tail;

    /// <summary>The producer's latest look at <see cref="Head"/>.</summary>
    [FieldOffset(Apart + 8)]
    public long KnownHead;

    /// <summary>The producer's: <see cref="Tail"/> as a slot.</summary>
    [FieldOffset(Apart + 16)]
    public int TailSlot;

    /// <summary>The producer's: not announced yet.</summary>
    [FieldOffset(Apart + 20)]
    public bool News;

    /// <summary>Objects popped, ever.</summary>
    [FieldOffset(2 * Apart)]
    public long Head;

    /// <summary>The consumers': <see cref="Head"/> as a slot.</summary>
    [FieldOffset(2 * Apart + 8)]
    public int HeadSlot;
}
