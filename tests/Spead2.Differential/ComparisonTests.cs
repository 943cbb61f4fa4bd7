// SPDX-License-Identifier: MIT

namespace Spead2.Differential;

[TestFixture]
public sealed class ComparisonTests
{
    private static readonly ObservedHeap Heap = new()
    {
        Cnt = 1,
        Flavour = default,
        IsComplete = false,
        IsContiguous = false,
        IsStartOfStream = false,
        IsEndOfStream = false,
        IsContradictory = false,
        HeapLength = 4,
        ReceivedLength = 2,
        Ranges = [new(1, 3)],
        Items = [new(7, true, 5, "0000000005")],
        PayloadLength = 3,
        Payload = [0, 1, 2],
        DefinedPayload = [new(1, 3)],
    };

    private static readonly Observation Expected = Of([Heap], 3);

    private static IEnumerable<ObservedHeap> OtherHeaps =>
    [
        Heap with { Cnt = 2 },
        Heap with { Flavour = new(48) },
        Heap with { Flavour = new(40, BugCompat.ShapeBit1) },
        Heap with { IsComplete = true },
        Heap with { IsContiguous = true },
        Heap with { IsStartOfStream = true },
        Heap with { IsEndOfStream = true },
        Heap with { IsContradictory = true },
        Heap with { HeapLength = -1 },
        Heap with { ReceivedLength = 3 },
        Heap with { Ranges = [] },
        Heap with { Ranges = [new(1, 2), new(2, 3)] },
        Heap with { Items = [] },
        Heap with { Items = [new(8, true, 5, "0000000005")] },
        Heap with { Items = [new(7, false, 5, "0000000005")] },
        Heap with { Items = [new(7, true, 6, "0000000005")] },
        Heap with { Items = [new(7, true, 5, "00000005")] },
        Heap with { PayloadLength = 4 },
        Heap with { Payload = [0, 1, 3] },
        Heap with { Payload = [] },
    ];

    private static IEnumerable<Observation> OtherObservations =>
    [
        Of([], 3),
        Of([Heap, Heap], 3),
        Of([Heap], 2),
        Expected with { Failure = "none" },
        Expected with { Statistics = new Dictionary<string, long> { ["worker_blocked"] = 0 } },
        Expected with { Statistics = new Dictionary<string, long>(Expected.Statistics) { ["new"] = 1 } },
        Expected with { Statistics = new Dictionary<string, long>(Expected.Statistics) { ["worker_blocked"] = 6 } },
    ];

    [TestCaseSource(nameof(OtherHeaps))]
    public void Heap_that_differs_in_one_thing_is_one_difference(object heap) =>
        Assert.That(Comparison.Differences(Expected, Of([(ObservedHeap)heap], 3)), Has.Count.EqualTo(1));

    [TestCaseSource(nameof(OtherObservations))]
    public void Anything_else_that_differs_is_one_difference(object observation) =>
        Assert.That(Comparison.Differences(Expected, (Observation)observation), Has.Count.EqualTo(1));

    [Test]
    public void Undefined_payload_and_a_ring_that_is_less_often_full_are_no_difference()
    {
        Observation actual = Of([Heap with { Payload = [9, 1, 2] }], 3, workerBlocked: 0);

        Assert.That(Comparison.Differences(Expected, actual), Is.Empty);
    }

    private static Observation Of(ObservedHeap[] heaps, long packets, long workerBlocked = 5) =>
        new(heaps, new Dictionary<string, long> { ["packets"] = packets, ["worker_blocked"] = workerBlocked });
}
