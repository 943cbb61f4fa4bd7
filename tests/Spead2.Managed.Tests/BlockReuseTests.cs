// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed.Tests;

// All streams of the process count together.
[NonParallelizable]
public sealed unsafe class BlockReuseTests
{
    private const ulong BlockSize = 64 << 10;

    [SetUp]
    public void SetUp() =>
        Assume.That(BlockReuse.Far, Is.Not.EqualTo(ulong.MaxValue), "This processor does not tell the size of its caches.");

    [Test]
    public void Blocks_that_return_soon_are_in_the_caches()
    {
        BlockReuse reuse = new();
        ulong fitting = BlockReuse.Far / BlockSize;
        Assert.That(TakeInTurns(reuse, blocks: 4, rounds: 3), Is.Zero);
        Assert.That(TakeInTurns(reuse, fitting, rounds: 3), Is.Zero);

        // Some entries are those of blocks that have the same place, and tell nothing.
        Assert.That(TakeInTurns(reuse, 2 * fitting, rounds: 3), Is.EqualTo(2 * fitting));
        Assert.That(TakeInTurns(reuse, blocks: 4, rounds: 3), Is.Zero);
    }

    [Test]
    public void Block_that_is_new_is_out_of_the_caches_once_they_are_full()
    {
        BlockReuse reuse = new();
        TakeInTurns(reuse, BlockReuse.Far / BlockSize + 4, rounds: 2);
        Assert.That(Take(reuse, 1000), Is.True);
        Assert.That(Take(reuse, 1000), Is.False);
    }

    [Test]
    public void What_other_streams_write_drives_blocks_out_of_the_caches()
    {
        BlockReuse reuse = new();
        TakeInTurns(reuse, blocks: 4, rounds: 2);
        Assert.That(Take(reuse, 0), Is.False);
        TakeInTurns(new BlockReuse(), 2 * BlockReuse.Far / BlockSize, rounds: 1);
        Assert.That(Take(reuse, 0), Is.True);
    }

    [TestCase(CopyMethod.Auto, true, ExpectedResult = true)]
    [TestCase(CopyMethod.Auto, false, ExpectedResult = false)]
    [TestCase(CopyMethod.Standard, true, ExpectedResult = false)]
    [TestCase(CopyMethod.NonTemporal, false, ExpectedResult = true)]
    public bool Heaps_that_the_consumer_keeps_are_copied_by_non_temporal_stores(CopyMethod method, bool keeps)
    {
        Assume.That(NonTemporalCopy.IsSupported, "There are no non-temporal stores for this processor.");
        PayloadCopy copy = new(EngineLog.For(null), []) { Method = method };
        bool isNonTemporal = false;
        ulong blocks = keeps ? 2 * BlockReuse.Far / BlockSize : 4;
        for (ulong i = 0; i < 3 * blocks; i++)
        {
            isNonTemporal = copy.Take((byte*)At(i % blocks), BlockSize);
            copy.Count(BlockSize);
        }

        return isNonTemporal;
    }

    [TestCase(CopyMethod.Auto, ExpectedResult = true)]
    [TestCase(CopyMethod.Standard, ExpectedResult = false)]
    public bool Heap_that_grows_larger_than_the_caches_is_copied_by_non_temporal_stores(CopyMethod method)
    {
        Assume.That(NonTemporalCopy.IsSupported, "There are no non-temporal stores for this processor.");
        PayloadCopy copy = new(EngineLog.For(null), []) { Method = method };
        copy.Take((byte*)At(0), BlockSize);
        Assert.That(copy.Take((byte*)At(0), BlockSize), Is.False);
        Assert.That(copy.Widen(BlockReuse.Far), Is.False);
        return copy.Widen(BlockReuse.Far + 1);
    }

    // Nobody writes there.
    private static nint At(ulong block) => (nint)((block + 1) * BlockSize);

    private static bool Take(BlockReuse reuse, ulong block)
    {
        bool isFar = reuse.Take(At(block));
        reuse.Add(BlockSize);
        return isFar;
    }

    private static ulong TakeInTurns(BlockReuse reuse, ulong blocks, int rounds)
    {
        ulong far = 0;
        for (int round = 0; round < rounds; round++)
        {
            far = 0;
            for (ulong i = 0; i < blocks; i++)
            {
                far += Take(reuse, i) ? 1UL : 0;
            }
        }

        return far;
    }
}
