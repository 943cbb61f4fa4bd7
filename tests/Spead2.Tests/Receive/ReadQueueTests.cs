// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Tests.Receive;

/// <summary>What cannot be arranged with a real engine; the rest is tested with those.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReadQueueTests
{
    private readonly MemoryReadQueue _queue = new();
    private readonly UnmanagedHeap.Counter _releases = new();
    private readonly Heap[] _heaps;

    public ReadQueueTests()
    {
        _heaps = [UnmanagedHeap.Create(_releases), UnmanagedHeap.Create(_releases), UnmanagedHeap.Create(_releases)];
    }

    [TearDown]
    public void Dispose_heaps() => Array.ForEach(_heaps, heap => heap.Dispose());

    [Test]
    public async Task Engine_that_calls_back_while_a_heap_is_taken_keeps_the_order()
    {
        Task<Heap?> first = Read();
        Task<Heap?> second = Read();
        Task<Heap?> third = Read();

        _queue.DuringPop = () => _queue.Add(_heaps[1], _heaps[2]);
        _queue.Add(_heaps[0]);

        Assert.That(await Task.WhenAll(first, second, third), Is.EqualTo(_heaps));
    }

    [Test]
    public async Task Reader_whose_heap_cannot_be_taken_is_told_and_the_next_one_is_served()
    {
        Task<Heap?> first = Read();
        Task<Heap?> second = Read();

        _queue.DuringPop = () => throw new InsufficientMemoryException();
        _queue.Add(_heaps[0], _heaps[1]);

        Assert.That(async () => await first, Throws.InstanceOf<InsufficientMemoryException>());
        Assert.That(await second, Is.SameAs(_heaps[1]));
    }

    [Test]
    public async Task Stop_ends_every_wait()
    {
        Task<Heap?> read = Read();
        Task<bool> ready = _queue.WaitToReadAsync(CancellationToken.None).AsTask();
        _queue.Stop();

        Assert.That(await read, Is.Null);
        Assert.That(await ready, Is.False);
        Assert.That(_queue.IsCompleted, Is.True);
    }

    private Task<Heap?> Read() => _queue.ReadAsync(CancellationToken.None).AsTask();
}
