// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tests.Send;

[TestFixture]
public sealed class HeapCntSequenceTests
{
    [Test]
    public void Sequence_counts_from_1_by_default()
    {
        var sequence = new HeapCntSequence();

        Assert.That(Take(sequence, 3), Is.EqualTo(new ulong[] { 1, 2, 3 }));
    }

    [Test]
    public void Sequence_counts_by_its_step()
    {
        var sequence = new HeapCntSequence(next: 5, step: 4);

        Assert.That(Take(sequence, 3), Is.EqualTo(new ulong[] { 5, 9, 13 }));
    }

    [Test]
    public void Sequence_wraps_at_the_address_bits_of_the_flavour()
    {
        var sequence = new HeapCntSequence(next: (1UL << 40) - 1);

        Assert.That(Take(sequence, 3), Is.EqualTo(new ulong[] { (1UL << 40) - 1, 0, 1 }));
    }

    [Test]
    public void Sequence_wraps_at_64_bits_without_a_jump()
    {
        var sequence = new HeapCntSequence(next: ulong.MaxValue, step: 2);

        Assert.That(Take(sequence, 2), Is.EqualTo(new ulong[] { (1UL << 40) - 1, 1 }));
    }

    [Test]
    public void Step_of_0_is_refused() =>
        Assert.That(() => new HeapCntSequence(step: 0), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static ulong[] Take(HeapCntSequence sequence, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => sequence.Take(Packets.Flavour40))];
}
