// SPDX-License-Identifier: MIT

namespace Spead2.Managed.Tests;

[NonParallelizable]
public sealed unsafe class RecyclerTests
{
    private static readonly ulong[] Sizes = [1, 256, 257, 1000, 65536, 65537, 1 << 20, (1 << 20) + 1, 5 << 20];

    private readonly ManagedIoThreads _threads = new(new IoThreadPool(), ManagedIoThreads.DefaultBackend);

    [OneTimeTearDown]
    public void Dispose() => _threads.Dispose();

    [TestCaseSource(nameof(Sizes))]
    public void Block_is_used_again_and_can_be_written_to_its_end(ulong size)
    {
        PayloadBlock first = Take(size);
        first.Memory[0] = 1;
        first.Memory[size - 1] = 2;
        Give(first, warm: size);
        long hits = Recycler.State.Hits;

        PayloadBlock second = Take(size);
        Assert.That(Recycler.State.Hits, Is.EqualTo(hits + 1));
        Give(second, warm: size);
    }

    [Test]
    public void Size_class_holds_what_it_is_for_and_wastes_at_most_a_quarter()
    {
        for (ulong size = 257; size < 1UL << 40; size += size / 7 + 1)
        {
            ulong block = SizeClasses.SizeOf(SizeClasses.IndexOf(size));
            Assert.That(block, Is.InRange(size, size + size / 4 + 1), $"{size}");
        }
    }

    [Test]
    public void Trim_gives_everything_back_that_is_not_used()
    {
        PayloadBlock used = Take(3 << 20);
        Give(Take(70_000), warm: 70_000);
        Recycler.Trim();

        Assert.That(Recycler.State.CachedBytes, Is.Zero);
        Assert.That(Recycler.State.UsedBytes, Is.GreaterThanOrEqualTo(3UL << 20));
        Recycler.Give(used);
    }

    [Test]
    public void Limit_of_nothing_keeps_nothing()
    {
        Recycler.Trim();
        ulong limit = Recycler.CacheLimit;
        Recycler.CacheLimit = 0;
        try
        {
            foreach (ulong size in Sizes)
            {
                Give(Take(size), warm: size);
            }

            Assert.That(Recycler.State.CachedBytes, Is.Zero);
        }
        finally
        {
            Recycler.CacheLimit = limit;
        }
    }

    [Test]
    public void Enormous_size_is_refused() => Assert.That(Recycler.TryTake(ulong.MaxValue, 1, out _), Is.False);

    private static PayloadBlock Take(ulong size)
    {
        Assert.That(Recycler.TryTake(size, size, out PayloadBlock block));
        return block;
    }

    private static void Give(PayloadBlock block, ulong warm)
    {
        block.Warm = warm;
        Recycler.Give(block);
    }
}
