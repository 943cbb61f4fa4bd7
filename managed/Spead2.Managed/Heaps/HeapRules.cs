// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What limits the packets that a heap accepts.</summary>
internal readonly record struct HeapRules(bool InOrder, ulong MaxHeapSize, ulong MaxUnsizedGap)
{
    /// <summary>
    /// Most distinct item pointers, and most received ranges, that one heap may have. No sender needs this many, and
    /// memory stays bounded whatever the network sends. A packet whose payload lies next to what was received, or whose
    /// item pointers are known, brings none.
    /// </summary>
    public const int MaxParts = 1 << 20;
}
