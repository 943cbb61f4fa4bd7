// SPDX-License-Identifier: MIT

using System.Threading.Channels;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Every way to read, against a stream that ends and one that goes on.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReadTests : IDisposable
{
    private const int HeapCount = 100;
    private const int HeapSize = 5000;

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(1);

    private static readonly TestCaseData<Func<IReceiveStream, Task<List<Heap>>>>[] Ways =
    [
        Way(ByRead, "Read"),
        Way(ByReadWithToken, "Read(token)"),
        Way(ByTryRead, "TryRead"),
        Way(ByTryReadTimeout, "TryRead(timeout)"),
        Way(ByTryReadBatch, "TryReadBatch"),
        Way(ByReadAsync, "ReadAsync"),
        Way(ByWaitToReadAsync, "WaitToReadAsync"),
        Way(ByReadBatchAsync, "ReadBatchAsync"),
        Way(ByReadAll, "ReadAll"),
        Way(ByReadAllAsync, "ReadAllAsync"),
        Way(ByReaderReadAsync, "Reader.ReadAsync"),
        Way(ByReaderReadAllAsync, "Reader.ReadAllAsync"),
    ];

    private readonly ReceiveStream _stream = new();

    public void Dispose() => _stream.Dispose();

    [TestCaseSource(nameof(Ways))]
    public async Task Every_heap_of_a_buffer_arrives_in_order(Func<IReceiveStream, Task<List<Heap>>> readAll)
    {
        _stream.AddBufferReader(Packets.Concatenate(Packets.OfHeaps(HeapCount, HeapSize)));

        AssertAllHeaps(await readAll(_stream));
    }

    [TestCaseSource(nameof(Ways))]
    public async Task Every_heap_of_a_list_of_datagrams_arrives_in_order(Func<IReceiveStream, Task<List<Heap>>> readAll)
    {
        _stream.AddDatagramReader(Packets.OfHeaps(HeapCount, HeapSize));

        AssertAllHeaps(await readAll(_stream));
    }

    [TestCaseSource(nameof(Ways))]
    public async Task Every_heap_sent_over_udp_arrives_in_order(Func<IReceiveStream, Task<List<Heap>>> readAll)
    {
        using UdpSender sender = new(_stream.AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1" }));
        Task<List<Heap>> reading = Task.Run(() => readAll(_stream));
        sender.Send(Packets.OfHeaps(HeapCount, size: 500));
        sender.Send(Packets.OfStop(HeapCount + 1));

        AssertAllHeaps(await reading, size: 500);
    }

    [TestCaseSource(nameof(Ways))]
    public async Task Stopped_stream_without_heaps_ends_every_read(Func<IReceiveStream, Task<List<Heap>>> readAll)
    {
        Task<List<Heap>> reading = Task.Run(() => readAll(_stream));
        _stream.Stop();

        Assert.That(await reading, Is.Empty);
    }

    [Test]
    public void Nothing_waits_in_a_new_stream()
    {
        Assert.Multiple(() =>
        {
            Assert.That(_stream.TryRead(out _), Is.False);
            Assert.That(_stream.TryRead(out _, TimeSpan.Zero), Is.False);
            Assert.That(_stream.TryRead(out _, Short), Is.False);
            Assert.That(_stream.TryReadBatch(new Heap[3]), Is.Zero);
            Assert.That(_stream.IsCompleted, Is.False);
        });
    }

    [Test]
    public void Timeout_that_breaks_its_rule_is_refused([Values(-2, -0.5, 2147483648.0)] double milliseconds)
    {
        Assert.That(
            () => _stream.TryRead(out _, TimeSpan.FromMilliseconds(milliseconds)),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("infinite"));
    }

    [Test]
    public void Batch_has_no_more_heaps_than_there_is_room()
    {
        _stream.AddDatagramReader(Packets.OfHeaps(3));
        Heap[] heaps = new Heap[3];
        heaps[0] = _stream.Read();
        Poll.Until(() => _stream.Statistics.Heaps == 3, "three heaps are finished");

        Assert.That(_stream.TryReadBatch([]), Is.Zero);
        Assert.That(_stream.TryReadBatch(heaps.AsSpan(1, 1)), Is.EqualTo(1));
        Assert.That(heaps[2], Is.Null);
        Assert.That(_stream.TryReadBatch(heaps.AsSpan(2)), Is.EqualTo(1));
        AssertHeaps(heaps, size: 64);
    }

    [Test]
    public void Heaps_that_were_finished_before_stop_can_still_be_read()
    {
        using UdpSender sender = new(_stream.AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1" }));
        sender.Send(Packets.OfHeaps(3));
        Poll.Until(() => _stream.Statistics.Heaps == 3, "three heaps are finished");

        _stream.Stop();
        _stream.Stop();

        Assert.That(_stream.IsCompleted, Is.False);
        AssertHeaps([_stream.Read(), _stream.Read(), _stream.Read()], size: 64);
        Assert.That(_stream.IsCompleted, Is.True);
        Assert.That(() => _stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        Assert.That(async () => await _stream.ReadAsync(), Throws.InstanceOf<StreamStoppedException>());
    }

    [Test]
    public async Task Wait_to_read_takes_no_heap()
    {
        _stream.AddDatagramReader(Packets.OfHeaps(1));

        Assert.That(await _stream.WaitToReadAsync(), Is.True);
        Assert.That(await _stream.WaitToReadAsync(), Is.True);
        AssertHeaps([_stream.Read()], size: 64);
        Assert.That(await _stream.WaitToReadAsync(), Is.False);
    }

    [Test]
    public async Task Batch_waits_for_its_first_heap_and_takes_the_rest()
    {
        using UdpSender sender = new(_stream.AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1" }));
        Heap[] heaps = new Heap[8];
        Task<int> reading = _stream.ReadBatchAsync(heaps).AsTask();
        Assert.That(reading.IsCompleted, Is.False);
        sender.Send(Packets.OfHeap(1));

        Assert.That(await reading.WaitAsync(Poll.Deadline), Is.EqualTo(1));
        sender.Send(Packets.OfHeap(2));
        sender.Send(Packets.OfHeap(3));
        Poll.Until(() => _stream.Statistics.Heaps == 3, "three heaps are finished");
        Assert.That(await _stream.ReadBatchAsync(heaps.AsMemory(1)), Is.EqualTo(2));
        AssertHeaps(heaps[..3], size: 64);
    }

    [Test]
    public void Batch_without_room_is_refused() =>
        Assert.That(() => _stream.ReadBatchAsync(default), Throws.ArgumentException);

    [Test]
    public async Task Cancelled_batch_loses_no_heap()
    {
        using UdpSender sender = new(_stream.AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1" }));
        using CancellationTokenSource source = new();
        Task<int> reading = _stream.ReadBatchAsync(new Heap[2], source.Token).AsTask();
        await source.CancelAsync();
        Assert.That(async () => await reading, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(
            async () => await _stream.ReadBatchAsync(new Heap[2], source.Token),
            Throws.InstanceOf<OperationCanceledException>());

        sender.Send(Packets.OfHeap(1));
        AssertHeaps([_stream.Read()], size: 64);
    }

    [Test]
    public void Enumeration_that_blocks_ends_when_its_token_is_cancelled()
    {
        using CancellationTokenSource source = new(Short);

        Assert.That(() => _stream.ReadAll(source.Token).Any(), Throws.InstanceOf<OperationCanceledException>());
    }

    private static TestCaseData<Func<IReceiveStream, Task<List<Heap>>>> Way(
        Func<IReceiveStream, Task<List<Heap>>> readAll, string name) =>
        new TestCaseData<Func<IReceiveStream, Task<List<Heap>>>>(readAll).SetArgDisplayNames(name);

    private static void AssertAllHeaps(List<Heap> heaps, int size = HeapSize)
    {
        Assert.That(heaps, Has.Count.EqualTo(HeapCount));
        AssertHeaps(heaps, size);
    }

    private static void AssertHeaps(IEnumerable<Heap> heaps, int size)
    {
        ulong cnt = 0;
        foreach (Heap heap in heaps)
        {
            cnt++;
            Assert.That(heap.Cnt, Is.EqualTo(cnt));
            Assert.That(heap.Items[0].Bytes.Span.SequenceEqual(Packets.Content(cnt, size)), Is.True);
            heap.Dispose();
        }
    }

    private static Task<List<Heap>> ByRead(IReceiveStream stream) => Collect(() => stream.Read());

    private static Task<List<Heap>> ByReadWithToken(IReceiveStream stream)
    {
        using CancellationTokenSource source = new();
        return Collect(() => stream.Read(source.Token));
    }

    private static Task<List<Heap>> Collect(Func<Heap> read)
    {
        List<Heap> heaps = [];
        try
        {
            while (true)
            {
                heaps.Add(read());
            }
        }
        catch (StreamStoppedException)
        {
            return Task.FromResult(heaps);
        }
    }

    private static Task<List<Heap>> ByTryRead(IReceiveStream stream)
    {
        List<Heap> heaps = [];
        while (!stream.IsCompleted)
        {
            heaps.AddRange(stream.TryRead(out Heap? heap) ? [heap] : []);
        }

        return Task.FromResult(heaps);
    }

    private static Task<List<Heap>> ByTryReadTimeout(IReceiveStream stream)
    {
        List<Heap> heaps = [];
        while (stream.TryRead(out Heap? heap, Poll.Deadline))
        {
            heaps.Add(heap);
        }

        return Task.FromResult(heaps);
    }

    private static Task<List<Heap>> ByTryReadBatch(IReceiveStream stream)
    {
        List<Heap> heaps = [];
        Heap[] batch = new Heap[7];
        while (!stream.IsCompleted)
        {
            heaps.AddRange(batch[..stream.TryReadBatch(batch)]);
        }

        return Task.FromResult(heaps);
    }

    private static async Task<List<Heap>> ByReadAsync(IReceiveStream stream)
    {
        List<Heap> heaps = [];
        try
        {
            while (true)
            {
                heaps.Add(await stream.ReadAsync());
            }
        }
        catch (StreamStoppedException)
        {
            return heaps;
        }
    }

    private static async Task<List<Heap>> ByWaitToReadAsync(IReceiveStream stream)
    {
        List<Heap> heaps = [];
        while (await stream.WaitToReadAsync())
        {
            while (stream.TryRead(out Heap? heap))
            {
                heaps.Add(heap);
            }
        }

        return heaps;
    }

    private static async Task<List<Heap>> ByReadBatchAsync(IReceiveStream stream)
    {
        List<Heap> heaps = [];
        Heap[] batch = new Heap[7];
        int count;
        while ((count = await stream.ReadBatchAsync(batch)) != 0)
        {
            heaps.AddRange(batch[..count]);
        }

        return heaps;
    }

    private static Task<List<Heap>> ByReadAll(IReceiveStream stream) => Task.FromResult(stream.ReadAll().ToList());

    private static async Task<List<Heap>> ByReaderReadAsync(IReceiveStream stream)
    {
        List<Heap> heaps = [];
        try
        {
            while (true)
            {
                heaps.Add(await stream.Reader.ReadAsync());
            }
        }
        catch (ChannelClosedException)
        {
            return heaps;
        }
    }

    private static Task<List<Heap>> ByReaderReadAllAsync(IReceiveStream stream) =>
        stream.Reader.ReadAllAsync().ToListAsync().AsTask();

    private static async Task<List<Heap>> ByReadAllAsync(IReceiveStream stream)
    {
        List<Heap> heaps = [];
        await foreach (Heap heap in stream.ReadAllAsync())
        {
            heaps.Add(heap);
        }

        return heaps;
    }
}
