// SPDX-License-Identifier: MIT

namespace Spead2.Differential;

/// <summary>What came of a trace whose heaps are placed in chunks.</summary>
/// <param name="Chunks">The chunks, in the order of delivery.</param>
/// <param name="Statistics">The statistics of each stream after it has ended, by name.</param>
internal sealed record ChunkObservation(
    IReadOnlyList<ObservedChunk> Chunks, IReadOnlyList<IReadOnlyDictionary<string, long>> Statistics);
