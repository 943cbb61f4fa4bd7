// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Tests;

/// <summary>Explanations belong to statistics that exist.</summary>
[TestFixture]
public sealed class LossExplanationTests
{
    // What these count is no loss; nor is a largest value.
    private static readonly string[] Harmless =
    [
        "heaps", "packets", "batches", "single_packet_heaps", "search_dist", "packets_accepted",
        "payload_bytes", "stop_heaps", "heaps_accounted",
    ];

    [Test]
    public void Every_statistic_is_harmless_or_explained()
    {
        using var stream = new ReceiveStream();

        Assert.That(
            stream.Statistics.Keys.Where(name => name is not ("max_batch" or "max_heap_bytes")),
            Is.EquivalentTo(Harmless.Concat(LossExplanation.Statistics)));
    }
}
