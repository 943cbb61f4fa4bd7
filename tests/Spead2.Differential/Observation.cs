// SPDX-License-Identifier: MIT

namespace Spead2.Differential;

/// <summary>What came of a trace.</summary>
/// <param name="Heaps">The heaps, in the order of delivery.</param>
/// <param name="Statistics">The statistics after the stream has ended, by name.</param>
/// <param name="Failure">Why there is no more: an exception, or a stream that does not end. Null: all is well.</param>
internal sealed record Observation(
    IReadOnlyList<ObservedHeap> Heaps, IReadOnlyDictionary<string, long> Statistics, string? Failure = null);
