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
        byte* first = Recycler.Allocate(size);
        first[0] = 1;
        first[size - 1] = 2;
        Recycler.Free(first, size);
        long hits = Recycler.State.Hits;

        byte* second = Recycler.Allocate(size);
        Assert.That(Recycler.State.Hits, Is.EqualTo(hits + 1));
        Recycler.Free(second, size);
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
        byte* used = Recycler.Allocate(3 << 20);
        Recycler.Free(Recycler.Allocate(70_000), 70_000);
        Recycler.Trim();

        Assert.That(Recycler.State.CachedBytes, Is.Zero);
        Assert.That(Recycler.State.UsedBytes, Is.GreaterThanOrEqualTo(3UL << 20));
        Recycler.Free(used, 3 << 20);
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
                Recycler.Free(Recycler.Allocate(size), size);
            }

            Assert.That(Recycler.State.CachedBytes, Is.Zero);
        }
        finally
        {
            Recycler.CacheLimit = limit;
        }
    }

    [Test]
    public void Enormous_size_is_refused() => Assert.That(Recycler.Allocate(ulong.MaxValue) is null);
}
