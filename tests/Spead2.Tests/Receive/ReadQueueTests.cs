// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Tests.Receive;

/// <summary>What cannot be arranged with a real engine; the rest is tested with those.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReadQueueTests
{
    // Only a test that fails waits for so long.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

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

    [Test]
    public async Task Later_read_does_not_overtake_those_in_line()
    {
        Task<Heap?> first = Read();
        _queue.AddUntold(_heaps[0]);
        Assert.That(_queue.TryRead(out _), Is.EqualTo(ReadResult.Empty));
        Assert.That(await first, Is.SameAs(_heaps[0]));

        Task<Heap?> second = Read();
        _queue.AddUntold(_heaps[1]);
        Assert.That(_queue.TryReadBatch(new Heap[1]), Is.Zero);
        Assert.That(await second, Is.SameAs(_heaps[1]));

        Task<Heap?> third = Read();
        _queue.AddUntold(_heaps[2]);
        Task<Heap?> fourth = Read();
        Assert.That(await third, Is.SameAs(_heaps[2]));
        Assert.That(fourth.IsCompleted, Is.False);
    }

    [Test]
    public void Heap_that_comes_within_a_moment_ends_a_read_at_once_unless_it_shall_not_spin([Values] bool spins)
    {
        Assume.That(Environment.ProcessorCount, Is.GreaterThan(1), "With one processor nobody spins.");
        MemoryReadQueue queue = new(spins);
        int looks = 0;
        queue.AfterEmptyPop = () =>
        {
            if (++looks == 3)
            {
                queue.AddUntold(_heaps[0]);
            }
        };
        ValueTask<Heap?> read = queue.ReadAsync(CancellationToken.None);

        Assert.That(read.IsCompleted, Is.EqualTo(spins));
    }

    [Test]
    public async Task Look_at_IsCompleted_does_not_take_the_call_back_from_those_who_wait()
    {
        Task<bool> ready = WaitToRead();
        _queue.AddUntold(_heaps[0]);
        Assert.That(_queue.IsCompleted, Is.False);
        _queue.CallBackIfAsked();
        Assert.That(await ready.WaitAsync(Deadline), Is.True);
        Assert.That(_queue.TryRead(out _), Is.EqualTo(ReadResult.Item));

        Task<Heap?> read = Read();
        _queue.AddUntold(_heaps[1]);
        Assert.That(_queue.IsCompleted, Is.False);
        _queue.CallBackIfAsked();
        Assert.That(await read.WaitAsync(Deadline), Is.SameAs(_heaps[1]));
    }

    [Test]
    public async Task Second_wait_does_not_take_the_call_back_from_the_first()
    {
        Task<bool> first = WaitToRead();
        _queue.AddUntold(_heaps[0]);
        Task<bool> second = WaitToRead();
        _queue.CallBackIfAsked();

        Assert.That(await second.WaitAsync(Deadline), Is.True);
        Assert.That(await first.WaitAsync(Deadline), Is.True);
    }

    [Test]
    public async Task Heap_that_comes_as_a_wait_begins_ends_it()
    {
        // After the wait has found nothing, and before it is known to those who serve it.
        _queue.AfterRequest = () =>
        {
            _queue.AddUntold(_heaps[0]);
            _queue.CallBackIfAsked();
        };

        Assert.That(await WaitToRead().WaitAsync(Deadline), Is.True);
        Assert.That(_queue.TryRead(out Heap? heap), Is.EqualTo(ReadResult.Item));
        Assert.That(heap, Is.SameAs(_heaps[0]));
    }

    [Test]
    public async Task Stop_that_comes_as_a_wait_begins_ends_it()
    {
        _queue.AfterRequest = _queue.Stop;

        Assert.That(await WaitToRead().WaitAsync(Deadline), Is.False);
    }

    [Test]
    public async Task Reader_that_comes_as_a_wait_begins_gets_the_first_heap()
    {
        Task<Heap?>? read = null;
        _queue.AfterRequest = () => read = Read();
        Task<bool> ready = WaitToRead();
        _queue.Add(_heaps[0]);

        Assert.That(await read!.WaitAsync(Deadline), Is.SameAs(_heaps[0]));
        Assert.That(ready.IsCompleted, Is.False);
        _queue.Add(_heaps[1]);
        Assert.That(await ready.WaitAsync(Deadline), Is.True);
    }

    [Test]
    public async Task Call_back_from_within_a_read_that_does_not_wait_is_not_lost()
    {
        Task<Heap?> inLine = Read();
        Task<bool> ready = WaitToRead();
        _queue.AddUntold(_heaps[0]);
        _queue.AfterRequest = () =>
        {
            // Between the request and the end of the read a heap comes, and as it is taken another one.
            _queue.AddUntold(_heaps[1]);
            _queue.DuringPop = () =>
            {
                _queue.AddUntold(_heaps[2]);
                _queue.CallBackIfAsked();
            };
        };

        Assert.That(_queue.TryRead(out Heap? heap), Is.EqualTo(ReadResult.Item));
        Assert.That(heap, Is.SameAs(_heaps[1]));
        Assert.That(await inLine, Is.SameAs(_heaps[0]));
        Assert.That(await ready.WaitAsync(Deadline), Is.True);
    }

    [Test]
    public void Completion_waits_for_the_last_item()
    {
        Task completion = _queue.Completion;
        _queue.Add(_heaps[0], _heaps[1]);
        _queue.Stop();
        Assert.That(_queue.TryRead(out _), Is.EqualTo(ReadResult.Item));
        Assert.That(completion.IsCompleted, Is.False);

        Assert.That(_queue.TryReadBatch(new Heap[1]), Is.EqualTo(1));
        Assert.That(completion.IsCompletedSuccessfully, Is.True);
    }

    [Test]
    public void Completion_can_be_made_to_end_with_items_left()
    {
        _queue.Add(_heaps[0]);
        Task completion = _queue.Completion;
        _queue.Complete();

        Assert.That(completion.IsCompletedSuccessfully, Is.True);
        Assert.That(_queue.TryRead(out _), Is.EqualTo(ReadResult.Item));
    }

    private Task<bool> WaitToRead() => _queue.WaitToReadAsync(CancellationToken.None).AsTask();

    private Task<Heap?> Read() => _queue.ReadAsync(CancellationToken.None).AsTask();
}
