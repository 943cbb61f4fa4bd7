// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Several reads at the same time, and reads that are cancelled.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class InFlightTests : IDisposable
{
    private readonly ReceiveStream _stream = new(new ReceiveStreamOptions { RingHeaps = 64 });
    private readonly UdpSender _sender;

    public InFlightTests()
    {
        _sender = new(_stream.AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1" }));
    }

    public void Dispose()
    {
        _sender.Dispose();
        _stream.Dispose();
    }

    [Test]
    public async Task Reads_in_flight_are_served_in_the_order_they_were_made()
    {
        Task<Heap>[] reads = [.. Enumerable.Range(0, 50).Select(_ => _stream.ReadAsync().AsTask())];
        _sender.Send(Packets.OfHeaps(50));

        Assert.That(await CntsOf(reads), Is.EqualTo(Enumerable.Range(1, 50)));
    }

    [Test]
    public async Task Reads_that_block_wait_in_line_with_asynchronous_ones()
    {
        Task<Heap> first = _stream.ReadAsync().AsTask();
        Task<Heap> second = Task.Factory.StartNew(() => _stream.Read(), TaskCreationOptions.LongRunning);
        _sender.Send(Packets.OfHeap(1));
        Assert.That(await CntsOf(first), Is.EqualTo(new[] { 1 }));

        _sender.Send(Packets.OfHeap(2));
        Assert.That(await CntsOf(second), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public async Task Reads_that_do_not_wait_leave_heaps_to_those_in_flight()
    {
        for (ulong cnt = 1; cnt <= 200; cnt++)
        {
            Task<Heap> inFlight = _stream.ReadAsync().AsTask();
            _sender.Send(Packets.OfHeap(cnt));
            while (!inFlight.IsCompleted)
            {
                Assert.That(_stream.TryRead(out _), Is.False);
                Assert.That(_stream.TryReadBatch(new Heap[1]), Is.Zero);
            }

            Assert.That(await CntsOf(inFlight), Is.EqualTo(new[] { (int)cnt }));
        }
    }

    [Test]
    public async Task Cancelled_read_is_the_only_one_that_ends()
    {
        using CancellationTokenSource source = new();
        Task<Heap> first = _stream.ReadAsync().AsTask();
        Task<Heap> cancelled = _stream.ReadAsync(source.Token).AsTask();
        Task<Heap> last = _stream.ReadAsync().AsTask();
        await source.CancelAsync();

        Assert.That(async () => await cancelled, Throws.InstanceOf<OperationCanceledException>()
            .With.Property(nameof(OperationCanceledException.CancellationToken)).EqualTo(source.Token));
        _sender.Send(Packets.OfHeaps(2));
        Assert.That(await CntsOf(first, last), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public async Task Cancelling_while_heaps_arrive_loses_none()
    {
        const int HeapCount = 500;
        List<int> cnts = [];
        Task sending = Task.Run(() =>
        {
            for (ulong cnt = 1; cnt <= HeapCount; cnt++)
            {
                _sender.Send(Packets.OfHeap(cnt));
                Thread.Yield();
            }
        });

        while (cnts.Count < HeapCount)
        {
            using CancellationTokenSource source = new();
            Task<Heap> read = _stream.ReadAsync(source.Token).AsTask();
            await source.CancelAsync();
            try
            {
                using Heap heap = await read;
                cnts.Add((int)heap.Cnt);
            }
            catch (OperationCanceledException)
            {
                // No heap yet.
            }
        }

        await sending;
        Assert.That(cnts, Is.EqualTo(Enumerable.Range(1, HeapCount)));
    }

    [Test]
    public void Cancelled_token_ends_every_read_at_once()
    {
        CancellationToken cancelled = new(canceled: true);
        _sender.Send(Packets.OfHeap(1));
        Poll.Until(() => _stream.Statistics.Heaps == 1, "a heap is finished");

        Assert.Multiple(() =>
        {
            Assert.That(() => _stream.Read(cancelled), Throws.InstanceOf<OperationCanceledException>());
            Assert.That(
                async () => await _stream.ReadAsync(cancelled), Throws.InstanceOf<OperationCanceledException>());
            Assert.That(
                async () => await _stream.WaitToReadAsync(cancelled), Throws.InstanceOf<OperationCanceledException>());
            Assert.That(
                async () => await _stream.ReadAllAsync(cancelled).GetAsyncEnumerator().MoveNextAsync(),
                Throws.InstanceOf<OperationCanceledException>());
        });
        Assert.That(_stream.TryRead(out Heap? heap), Is.True);
        heap!.Dispose();
    }

    [Test]
    public async Task Cancelling_ends_a_read_that_blocks()
    {
        using CancellationTokenSource source = new();
        Task<Heap> read = Task.Factory.StartNew(() => _stream.Read(source.Token), TaskCreationOptions.LongRunning);
        await source.CancelAsync();

        Assert.That(async () => await read.WaitAsync(Poll.Deadline), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Cancelling_ends_an_enumeration_and_loses_no_heap()
    {
        using CancellationTokenSource source = new();
        IAsyncEnumerator<Heap> heaps = _stream.ReadAllAsync().GetAsyncEnumerator(source.Token);
        Task<bool> next = heaps.MoveNextAsync().AsTask();
        await source.CancelAsync();

        Assert.That(async () => await next, Throws.InstanceOf<OperationCanceledException>());
        _sender.Send(Packets.OfHeap(1));
        Assert.That(await CntsOf(_stream.ReadAsync().AsTask()), Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public async Task Cancelled_wait_leaves_other_waits_alone()
    {
        using CancellationTokenSource source = new();
        Task<bool> cancelled = _stream.WaitToReadAsync(source.Token).AsTask();
        Task<bool> other = _stream.WaitToReadAsync().AsTask();
        await source.CancelAsync();

        Assert.That(async () => await cancelled, Throws.InstanceOf<OperationCanceledException>());
        _sender.Send(Packets.OfHeap(1));
        Assert.That(await other.WaitAsync(Poll.Deadline), Is.True);
    }

    [Test]
    public async Task Read_whose_time_ran_out_loses_no_heap()
    {
        using CancellationTokenSource source = new();
        Task<Heap> inLine = _stream.ReadAsync(source.Token).AsTask();
        Assert.That(_stream.TryRead(out _, TimeSpan.FromMilliseconds(1)), Is.False);
        await source.CancelAsync();
        Assert.That(async () => await inLine, Throws.InstanceOf<OperationCanceledException>());

        _sender.Send(Packets.OfHeap(1));
        Assert.That(_stream.TryRead(out Heap? heap, Poll.Deadline), Is.True);
        heap!.Dispose();
    }

    [Test]
    public async Task Continuations_do_not_run_on_the_thread_that_receives()
    {
        Task<bool> first = RunsOnThreadPool(_stream.ReadAsync());
        Task<bool> second = RunsOnThreadPool(_stream.ReadAsync());
        _sender.Send(Packets.OfHeaps(2));

        Assert.That(await Task.WhenAll(first, second), Is.All.True);

        static async Task<bool> RunsOnThreadPool(ValueTask<Heap> read)
        {
            using Heap heap = await read.ConfigureAwait(false);
            return Thread.CurrentThread.IsThreadPoolThread;
        }
    }

    [Test]
    public async Task Several_readers_share_the_heaps()
    {
        const int HeapCount = 400;
        Task<List<int>>[] readers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(ReadAll))];
        _sender.Send(Packets.OfHeaps(HeapCount));
        Poll.Until(() => _stream.Statistics.Packets == HeapCount, "every packet has arrived");
        _sender.Send(Packets.OfStop(HeapCount + 1));

        List<int>[] shares = await Task.WhenAll(readers).WaitAsync(Poll.Deadline);
        Assert.That(shares.SelectMany(share => share), Is.EquivalentTo(Enumerable.Range(1, HeapCount)));
        Assert.That(shares, Is.All.Ordered);

        async Task<List<int>> ReadAll()
        {
            List<int> cnts = [];
            await foreach (Heap heap in _stream.ReadAllAsync())
            {
                cnts.Add((int)heap.Cnt);
                heap.Dispose();
            }

            return cnts;
        }
    }

    private static async Task<IEnumerable<int>> CntsOf(params Task<Heap>[] reads)
    {
        Heap[] heaps = await Task.WhenAll(reads).WaitAsync(Poll.Deadline);
        int[] cnts = [.. heaps.Select(heap => (int)heap.Cnt)];
        Array.ForEach(heaps, heap => heap.Dispose());
        return cnts;
    }
}
