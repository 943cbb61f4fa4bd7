// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What became of a packet, and the heaps that left the assembly because of it.</summary>
internal struct Assembly
{
    public Verdict Verdict;

    /// <summary>A stop item was seen in its heap.</summary>
    public bool Stop;

    /// <summary>Hash table entries looked at.</summary>
    public long SearchSteps;

    /// <summary>The heap that accepted the packet; null if none did.</summary>
    public LiveHeap? Heap;

    /// <summary>The packet started the heap.</summary>
    public bool Started;

    /// <summary>Pushed out, or null.</summary>
    public LiveHeap? Evicted;

    /// <summary>Or null.</summary>
    public LiveHeap? Complete;
}
