// SPDX-License-Identifier: MIT

namespace Spead2.Receive.Pages;

/// <summary>What a statistics page shows of a stream at a moment.</summary>
/// <param name="Statistics">Its statistics.</param>
/// <param name="RingHeaps">Heaps that wait for consumers.</param>
/// <param name="RingLimit">The most that may; 0: a function takes heaps.</param>
internal readonly record struct PublishedReading(StreamStatistics Statistics, long RingHeaps, long RingLimit);
