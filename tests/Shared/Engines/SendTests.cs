// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Testing.Engines;

/// <summary>Packets byte for byte, the queue, completions and writers.</summary>
internal sealed class SendTests
{
    private const string OneByteHead = "8000010000000001800002000000000180000300000000008000040000000001";

    private static readonly byte[] Counting = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];

    /// <summary>Vectors of the packetizer: largest packet, whether pointers are repeated, the heap, the packets.</summary>
    private static IEnumerable<TestCaseData> Vectors()
    {
        HeapToSend p1 = new();
        p1.AddImmediate(0x1600, 5);
        p1.AddItem(0x1000, Counting.AsMemory(..40), allowImmediate: false);
        yield return new TestCaseData(72, false, p1, new[]
        {
            "530403050000000680000100000000018000020000000028800003000000000080000400000000108016000000000005" +
            "0010000000000000000102030405060708090a0b0c0d0e0f",
            "530403050000000480000100000000018000020000000028800003000000001080000400000000181011121314151617" +
            "18191a1b1c1d1e1f2021222324252627",
        }).SetArgDisplayNames("P1");
        yield return new TestCaseData(72, true, p1, new[]
        {
            "530403050000000680000100000000018000020000000028800003000000000080000400000000108016000000000005" +
            "0010000000000000000102030405060708090a0b0c0d0e0f",
            "530403050000000680000100000000018000020000000028800003000000001080000400000000108016000000000005" +
            "0010000000000000101112131415161718191a1b1c1d1e1f",
            "530403050000000680000100000000018000020000000028800003000000002080000400000000088016000000000005" +
            "00100000000000002021222324252627",
        }).SetArgDisplayNames("P2");
        HeapToSend p3 = new();
        p3.AddItem(0x1000, Counting.AsMemory(..9), allowImmediate: false);
        yield return new TestCaseData(79, false, p3, new[]
        {
            "5304030500000005800001000000000180000200000000098000030000000000800004000000000900100000000000000001020304050607" +
            "08",
        }).SetArgDisplayNames("P3");
        HeapToSend p6 = new();
        p6.AddImmediate(0x1600, 1);
        p6.AddItem(0x1000, Counting.AsMemory(..9), allowImmediate: false);
        yield return new TestCaseData(56, false, p6, new[]
        {
            "53040305000000058000010000000001800002000000001180000300000000008000040000000008801600000000000100010203" +
            "04050607",
            "53040305000000058000010000000001800002000000001180000300000000088000040000000008001000000000000008000000" +
            "00000000",
            "5304030500000005800001000000000180000200000000118000030000000010800004000000000100000000000000" + "0900",
        }).SetArgDisplayNames("P6");
        HeapToSend p7 = new();
        p7.AddStart();
        yield return new TestCaseData(72, false, p7, new[]
        {
            $"5304030500000006{OneByteHead}8000060000000000000000000000000000",
        }).SetArgDisplayNames("P7");
        HeapToSend p8 = new();
        p8.AddEnd();
        yield return new TestCaseData(72, false, p8, new[]
        {
            $"5304030500000006{OneByteHead}8000060000000002000000000000000000",
        }).SetArgDisplayNames("P8");
        yield return new TestCaseData(72, false, new HeapToSend(), new[]
        {
            $"5304030500000005{OneByteHead}000000000000000000",
        }).SetArgDisplayNames("P9");
        HeapToSend p10 = new();
        p10.AddItem(0x1000, new byte[1], allowImmediate: true);
        yield return new TestCaseData(72, false, p10, new[]
        {
            $"5304030500000006{OneByteHead}8010000000000000000000000000000000",
        }).SetArgDisplayNames("P10");
    }

    [TestCaseSource(nameof(Vectors))]
    public async Task Packets_are_those_of_the_vector(
        int maxPacketSize, bool repeatPointers, HeapToSend heap, string[] expected)
    {
        SentPackets packets = new();
        await using SendStream stream = new(new() { MaxPacketSize = maxPacketSize, RepeatPointers = repeatPointers });
        stream.Add(packets.Writer());

        SendResult result = await stream.SendAsync(heap);

        Assert.That(packets.Hex, Is.EqualTo(expected));
        Assert.That(result.Status, Is.EqualTo(Spead2Status.Success));
        Assert.That(result.Packets, Is.EqualTo(expected.Length));
        Assert.That(result.Bytes, Is.EqualTo(expected.Sum(packet => packet.Length) / 2));
    }

    [Test]
    public void Pointers_that_cannot_be_repeated_are_refused_as_P4_says()
    {
        using SendStream stream = new(new() { MaxPacketSize = 72, RepeatPointers = true });
        stream.Add(new SentPackets().Writer());
        HeapToSend heap = new();
        for (int i = 0; i < 3; i++)
        {
            heap.AddItem(0x1000 + i, new byte[1], allowImmediate: false);
        }

        Spead2Exception? exception = Assert.Throws<Spead2Exception>(() => stream.SendAsync(heap).AsTask());

        Assert.That(exception!.Status, Is.EqualTo(Spead2Status.InvalidArgument));
        Assert.That(exception.Message, Does.Contain("at most 2 can"));
    }

    [Test]
    public async Task Cnts_follow_the_sequence_as_C1_says()
    {
        SentPackets packets = new();
        await using SendStream stream = new(new() { MaxPacketSize = 72 });
        stream.Add(packets.Writer());
        HeapToSend heap = new();
        stream.SetCntSequence((1L << 40) - 1, 3);

        await stream.SendAsync(heap);
        await stream.SendAsync(heap);
        await stream.SendAsync([new HeapReference(heap) { Cnt = 9 }]);
        await stream.SendAsync(heap);

        Assert.That(packets.Places, Is.EqualTo(new[] { "ffffffffff/0", "2/0", "9/0", "5/0" }));
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.SetCntSequence(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => stream.SendAsync([new HeapReference(heap) { Cnt = 1L << 40 }]).AsTask());
    }

    [TestCase(GroupMode.RoundRobin, null, "1/0 2/0 3/0 1/24 3/24 3/56")]
    [TestCase(GroupMode.Serial, 0x77, "1/0 1/24 77/0 2/0 2/24 2/56")]
    public async Task Groups_are_ordered_as_G1_and_G2_say(GroupMode mode, int? middleCnt, string expected)
    {
        SentPackets packets = new();
        await using SendStream stream = new(new() { MaxPacketSize = 72 });
        stream.Add(packets.Writer());

        SendResult result = await stream.SendAsync(Group(middleCnt), mode);

        Assert.That(string.Join(' ', packets.Places), Is.EqualTo(expected));
        Assert.That(result.Bytes, Is.EqualTo(384));
    }

    [Test]
    public async Task Refused_group_queues_nothing_and_uses_no_cnt()
    {
        SentPackets packets = new();
        await using SendStream stream = new(new() { MaxHeaps = 2 });
        stream.Add(packets.Writer(substreams: 2));
        HeapReference[] group = Group(null);

        Spead2Exception? full = Assert.Throws<Spead2Exception>(() => stream.SendAsync(group).AsTask());
        Assert.Throws<ArgumentException>(() => stream.SendAsync([]).AsTask());
        Assert.Throws<ArgumentOutOfRangeException>(
            () => stream.SendAsync([group[0] with { Substream = 2 }]).AsTask());
        Assert.Throws<ArgumentOutOfRangeException>(
            () => stream.SendAsync([group[0] with { Rate = double.NaN }]).AsTask());
        await stream.SendAsync([group[0], group[1] with { Substream = 1 }], GroupMode.Serial);

        Assert.That(full!.Status, Is.EqualTo(Spead2Status.QueueFull));
        Assert.That(packets.Places, Is.EqualTo(new[] { "1/0", "2/0" }));
        Assert.That(packets.Substreams, Is.EqualTo(new[] { 0, 1 }));
        SendStatistics statistics = stream.Statistics;
        Assert.That(statistics.Heaps, Is.EqualTo(2));
        Assert.That(statistics.Groups, Is.EqualTo(1));
        Assert.That(statistics.HeapsRefused, Is.EqualTo(3));
        Assert.That(statistics.HeapsQueued, Is.Zero);
    }

    [Test]
    public async Task Exception_of_a_packet_function_fails_its_packet_and_the_rest_is_sent()
    {
        RecordingLogger logger = new();
        int calls = 0;
        await using SendStream stream = new(new() { MaxPacketSize = 72 }, logger);
        stream.Add(new FunctionWriterOptions((_, _) =>
        {
            if (++calls == 2)
            {
                throw new IOException("the disk is full");
            }
        }));

        SendResult result = await stream.SendAsync(Heap(0x1000, 64));

        Assert.That(calls, Is.EqualTo(3));
        Assert.That(result.Status, Is.EqualTo(Spead2Status.OperatingSystem));
        Assert.That(result.OsCode, Is.EqualTo(new IOException().HResult));
        Assert.That(result.Packets, Is.EqualTo(2));
        Assert.That(result.FailedPackets, Is.EqualTo(1));
        Assert.That(Assert.Throws<Spead2Exception>(result.ThrowIfFailed)!.Status, Is.EqualTo(result.Status));
        Poll.Until(
            () => logger.Texts.Any(text => text.Contains("the disk is full", StringComparison.Ordinal)),
            "logged");
        Assert.That(stream.Statistics.PacketsFailed, Is.EqualTo(1));
        Assert.That(stream.Statistics.HeapsFailed, Is.EqualTo(1));
    }

    [Test]
    public async Task Stop_completes_every_heap_once_and_nothing_is_sent_any_more()
    {
        // The second packet has to wait for as many seconds as the first has bytes.
        await using SendStream stream = new(new() { MaxHeaps = 1000, Rate = 1, BurstSize = 1 });
        stream.Add(new SentPackets().Writer());
        List<Task<SendResult>> results = [];
        for (int i = 0; i < 1000; i++)
        {
            results.Add(stream.SendAsync(Heap(0x1000, 8)).AsTask());
        }

        await results[0];
        stream.Stop();
        stream.Stop();
        SendResult[] all = await Task.WhenAll(results);

        Assert.That(all[0].Status, Is.EqualTo(Spead2Status.Success));
        Assert.That(all[1..].Select(result => result.Status), Is.All.EqualTo(Spead2Status.Stopped));
        Assert.That(
            Assert.Throws<Spead2Exception>(() => stream.SendAsync(new HeapToSend()).AsTask())!.Status,
            Is.EqualTo(Spead2Status.Stopped));
        Assert.Throws<InvalidOperationException>(() => stream.Add(new SentPackets().Writer()));
        Assert.That(stream.Statistics.Heaps, Is.EqualTo(1000));
    }

    [Test]
    public async Task Dispose_sends_what_is_queued()
    {
        SentPackets packets = new();
        SendStream stream = new(new() { MaxHeaps = 1000 });
        stream.Add(packets.Writer());
        List<Task<SendResult>> results = [];
        for (int i = 0; i < 1000; i++)
        {
            results.Add(stream.SendAsync(Heap(0x1000, 8)).AsTask());
        }

        stream.Dispose();
        stream.Dispose();

        Assert.That((await Task.WhenAll(results)).Select(result => result.IsSuccess), Is.All.True);
        Assert.That(packets.Hex, Has.Count.EqualTo(1000));
        Assert.Throws<ObjectDisposedException>(() => stream.SendAsync(new HeapToSend()).AsTask());
        Assert.Throws<ObjectDisposedException>(() => _ = stream.Statistics);
        Assert.Throws<ObjectDisposedException>(stream.Stop);
    }

    [Test]
    public async Task Packet_function_may_stop_and_dispose_its_stream()
    {
        TaskCompletionSource disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        SendStream stream = new();
        stream.Add(new FunctionWriterOptions((_, _) =>
        {
            stream.Stop();
            stream.Dispose();
            disposed.TrySetResult();
        }));

        SendResult result = await stream.SendAsync(new HeapToSend()).AsTask().WaitAsync(Poll.Deadline);

        await disposed.Task.WaitAsync(Poll.Deadline);
        Assert.That(result.Packets, Is.EqualTo(1));
    }

    [Test]
    public async Task Cancellation_ends_the_wait_and_the_heap_is_sent_all_the_same()
    {
        using CancellationTokenSource cancellation = new();
        using ManualResetEventSlim goOn = new();
        await using SendStream stream = new();
        stream.Add(new FunctionWriterOptions((_, _) => goOn.Wait()));
        Task<SendResult> sending = stream.SendAsync(Heap(0x1000, 8), cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        Assert.That(async () => await sending, Throws.InstanceOf<OperationCanceledException>());
        goOn.Set();
        await stream.FlushAsync();
        Assert.That(stream.Statistics.Heaps, Is.EqualTo(1));
        Assert.That(
            async () => await stream.SendAsync(new HeapToSend(), cancellation.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(stream.Statistics.Heaps, Is.EqualTo(1));
    }

    [Test]
    public async Task Heap_may_be_filled_anew_while_it_is_being_sent()
    {
        SentPackets packets = new();
        using ManualResetEventSlim goOn = new();
        await using SendStream stream = new();
        FunctionWriterOptions writer = packets.Writer();
        PacketFunction keep = writer.Function!;
        writer.Function = (substream, packet) =>
        {
            goOn.Wait();
            keep(substream, packet);
        };
        stream.Add(writer);
        HeapToSend heap = Heap(0x1000, 16);
        ValueTask<SendResult> first = stream.SendAsync(heap);

        heap.Clear();
        heap.AddItem(0x1001, Counting.AsMemory(16..32), allowImmediate: false);
        ValueTask<SendResult> second = stream.SendAsync(heap);
        goOn.Set();
        await first;
        await second;

        Assert.That(packets.Hex[0], Does.EndWith("0010000000000000000102030405060708090a0b0c0d0e0f"));
        Assert.That(packets.Hex[1], Does.EndWith("0010010000000000101112131415161718191a1b1c1d1e1f"));
    }

    [Test]
    public void Heap_that_does_not_fit_the_flavour_is_refused()
    {
        using SendStream stream = new(new() { Flavour = new Flavour(16) });
        stream.Add(new SentPackets().Writer());

        HeapToSend large = Heap(0x1000, 1 << 16);
        HeapToSend value = new();
        value.AddImmediate(0x1000, 1 << 16);

        Assert.Throws<ArgumentException>(() => stream.SendAsync(large).AsTask());
        Assert.Throws<ArgumentException>(() => stream.SendAsync(value).AsTask());
        Assert.Throws<ArgumentNullException>(() => stream.SendAsync((HeapToSend)null!).AsTask());
        Assert.Throws<ArgumentException>(() => stream.SendAsync([default]).AsTask());
    }

    [Test]
    public async Task Stream_without_a_writer_has_no_substream()
    {
        await using SendStream stream = new();

        Assert.That(stream.SubstreamCount, Is.Zero);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.SendAsync(new HeapToSend()).AsTask());
        Assert.That(stream.Add(new SentPackets().Writer(substreams: 3)), Is.Zero);
        Assert.That(stream.Add(new SentPackets().Writer()), Is.EqualTo(3));
        Assert.That(stream.SubstreamCount, Is.EqualTo(4));
    }

    [Test]
    public async Task Stream_sends_at_its_rate()
    {
        await using SendStream stream = new(new() { MaxHeaps = 64, MaxPacketSize = 1048, Rate = 1e6, BurstSize = 1000 });
        stream.Add(new SentPackets().Writer());
        long start = Environment.TickCount64;

        for (int i = 0; i < 51; i++)
        {
            _ = stream.SendAsync(Heap(0x1000, 1000)).AsTask();
        }

        await stream.FlushAsync();

        // 50 waits of 1.048 ms: never less, and a machine with other work may take longer.
        Assert.That(Environment.TickCount64 - start, Is.GreaterThanOrEqualTo(50));
        Assert.That(stream.Statistics.Packets, Is.EqualTo(51));
        Assert.That(stream.Statistics.RateWaits, Is.Positive);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Heaps_arrive_by_UDP(bool segmentation)
    {
        const int Heaps = 40;
        byte[] payload = Payload(100_000);
        using ReceiveStream receiver = new(new() { RingHeaps = Heaps });
        PacketSource source = receiver.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        using SendStream sender = new(new() { MaxHeaps = Heaps });
        sender.Add(new UdpWriterOptions("127.0.0.1", source.LocalEndPoint!.Port) { Segmentation = segmentation });
        HeapToSend heap = new();
        heap.AddItem(0x1234, payload, allowImmediate: false);

        List<Task<SendResult>> results = [];
        for (int i = 0; i < Heaps; i++)
        {
            results.Add(sender.SendAsync(heap).AsTask());
        }

        Assert.That((await Task.WhenAll(results)).Select(result => result.IsSuccess), Is.All.True);
        for (int i = 0; i < Heaps; i++)
        {
            Assert.That(receiver.TryRead(out Heap? received, Poll.Deadline), Is.True);
            using (received)
            {
                Assert.That(received!.Cnt, Is.EqualTo(i + 1));
                Assert.That(received.Payload.Span.SequenceEqual(payload), Is.True);
            }
        }
    }

    [Test]
    [Platform("Linux", Reason = "Other systems have no segmentation of UDP packets.")]
    public async Task Segmentation_sends_several_packets_as_one_message()
    {
        using ReceiveStream receiver = new();
        PacketSource source = receiver.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        using SendStream sender = new();
        sender.Add(new UdpWriterOptions("127.0.0.1", source.Port) { Segmentation = true });
        SendResult result = await sender.SendAsync(Heap(0x1000, 100_000));

        Assert.That(receiver.TryRead(out Heap? heap, Poll.Deadline), Is.True);
        heap!.Dispose();
        Poll.Until(() => source.Statistics.Datagrams == result.Packets, "all packets are counted");

        // A kernel that coalesces on reception hands over what was sent as one message, or more of it.
        if (!CoalescesUdp())
        {
            Assert.Ignore("This kernel does not coalesce UDP packets.");
        }

        Assert.That(source.Statistics.Messages, Is.LessThan(result.Packets / 2));
    }

    [Test]
    public async Task Heaps_go_to_the_destination_of_their_substream()
    {
        const int Heaps = 60;
        const int Destinations = 3;
        byte[] payload = Payload(20_000);
        ReceiveStream[] receivers =
            [.. Enumerable.Range(0, Destinations).Select(_ => new ReceiveStream(new() { RingHeaps = Heaps }))];
        try
        {
            UdpDestination[] destinations = [.. receivers.Select(receiver => new UdpDestination(
                "127.0.0.1", receiver.Add(new UdpSourceOptions { BindHost = "127.0.0.1" }).Port))];
            using SendStream sender = new(new() { MaxHeaps = Heaps });
            sender.Add(new UdpWriterOptions { Destinations = destinations });
            HeapToSend heap = new();
            heap.AddItem(0x1234, payload, allowImmediate: false);

            // Many packets are ready at once, each for another destination than the one before.
            HeapReference[] group =
                [.. Enumerable.Range(0, Destinations).Select(i => new HeapReference(heap) { Substream = i })];
            SendResult[] results = await Task.WhenAll(Enumerable.Range(0, Heaps / Destinations)
                .Select(_ => sender.SendAsync(group, GroupMode.RoundRobin).AsTask()));

            Assert.That(results.Select(result => result.IsSuccess), Is.All.True);
            for (int i = 0; i < Heaps; i++)
            {
                Assert.That(receivers[i % Destinations].TryRead(out Heap? received, Poll.Deadline), Is.True);
                using (received)
                {
                    Assert.That(received!.Cnt, Is.EqualTo(i + 1));
                    Assert.That(received.Payload.Span.SequenceEqual(payload), Is.True);
                }
            }
        }
        finally
        {
            Array.ForEach(receivers, receiver => receiver.Dispose());
        }
    }

    [Test]
    [Platform("Linux", Reason = "Elsewhere there is one loopback address.")]
    public async Task Writer_sends_from_the_address_that_it_is_bound_to()
    {
        using ReceiveStream receiver = new();
        PacketSource source = receiver.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        using SendStream sender = new();
        sender.Add(new UdpWriterOptions("127.0.0.1", source.Port) { BindHost = "127.0.0.2" });
        await sender.SendAsync(Heap(0x1000, 100));

        Assert.That(receiver.TryRead(out Heap? heap, Poll.Deadline), Is.True);
        heap!.Dispose();
        Assert.That(source.Statistics.LastSender!.Address, Is.EqualTo(IPAddress.Parse("127.0.0.2")));
    }

    [Test]
    public async Task Existing_socket_is_used_as_it_is_and_stays_the_callers()
    {
        using ReceiveStream receiver = new();
        PacketSource source = receiver.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        using Socket own = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        own.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        SendStream sender = new();
        UdpWriterOptions writer = new("127.0.0.1", source.LocalEndPoint!.Port) { Socket = own };
        sender.Add(writer);
        await sender.SendAsync(Heap(0x1000, 100));
        sender.Dispose();

        Assert.That(receiver.TryRead(out Heap? heap, Poll.Deadline), Is.True);
        heap!.Dispose();
        Assert.That(source.Statistics.LastSender, Is.EqualTo(own.LocalEndPoint));
        Assert.That(own.SendTo([1], source.LocalEndPoint!), Is.EqualTo(1));
        writer.Dscp = 1;
        Assert.Throws<ArgumentException>(writer.Validate);
    }

    [Test]
    public void Writer_that_cannot_be_is_refused()
    {
        using SendStream stream = new();
        using SendStream large = new(new() { MaxPacketSize = 65512 });
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Add(new UdpWriterOptions()));
        Assert.Throws<ArgumentException>(() => stream.Add(new UdpWriterOptions("127.0.0.1", 0)));
        Assert.Throws<ArgumentNullException>(() => stream.Add(new FunctionWriterOptions()));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => stream.Add(new UdpWriterOptions("127.0.0.1", 1) { TimeToLive = 256 }));
        Spead2Exception? ttl = Assert.Throws<Spead2Exception>(
            () => stream.Add(new UdpWriterOptions("127.0.0.1", 1) { TimeToLive = 1 }));
        Spead2Exception? families = Assert.Throws<Spead2Exception>(
            () => stream.Add(new UdpWriterOptions { Destinations = [new("127.0.0.1", 1), new("::1", 1)] }));
        Spead2Exception? size = Assert.Throws<Spead2Exception>(() => large.Add(new UdpWriterOptions("127.0.0.1", 1)));

        Assert.That(ttl!.Message, Does.StartWith("TimeToLive is set, but Destinations[0] \"127.0.0.1\""));
        Assert.That(families!.Status, Is.EqualTo(Spead2Status.InvalidAddress));
        Assert.That(size!.Message, Does.Contain("65507").And.Contain("MaxPacketSize"));
        Assert.That(stream.SubstreamCount, Is.Zero);
    }

    [TestCaseSource(nameof(BrokenOptions))]
    public void Options_that_break_a_rule_are_refused(SendStreamOptions options, string name) => Assert.That(
        Assert.Catch<ArgumentException>(() => _ = new SendStream(options))!.ParamName, Is.EqualTo(name));

    [Test]
    public async Task Items_of_a_group_arrive_with_their_descriptors_and_stale_ones_only()
    {
        SentPackets packets = new();
        await using SendStream stream = new();
        stream.Add(packets.Writer());
        ItemGroup items = new();
        Item gain = items.Add(ItemDescriptor.FromNumPy(
            0x1001, "gain", "", new ItemShape(2), ItemType.FromNumPy("<u2")));
        gain.SetValue(new ushort[] { 1, 2 });
        HeapGenerator generator = new(items, default);

        await stream.SendAsync(generator.Next());
        await stream.SendAsync(generator.Next());
        using ReceiveStream receiver = new(new() { RingHeaps = 4 });
        receiver.Add(new DatagramSourceOptions { Datagrams = packets.Datagrams });
        ItemGroup received = new();

        using (Heap first = receiver.Read())
        {
            Assert.That(received.Update(first).Select(item => item.Name), Is.EqualTo(new[] { "gain" }));
        }

        using (Heap second = receiver.Read())
        {
            Assert.That(received.Update(second), Is.Empty);
        }

        Assert.That(received["gain"].ToArray<ushort>(), Is.EqualTo(new ushort[] { 1, 2 }));
    }

    [Test]
    public async Task Heaps_of_an_async_enumerable_are_sent_in_order()
    {
        SentPackets packets = new();
        await using SendStream stream = new(new() { MaxHeaps = 3 });
        stream.Add(packets.Writer());

        SendResult result = await stream.SendAllAsync(Heaps(100));

        Assert.That(result.IsSuccess, Is.True);
        Assert.That(result.Packets, Is.EqualTo(100));
        Assert.That(packets.Places, Is.EqualTo(Enumerable.Range(1, 100).Select(cnt => string.Create(CultureInfo.InvariantCulture, $"{cnt:x}/0"))));
        Assert.That(stream.Statistics.HeapsRefused, Is.Zero);
        stream.Stop();
        Spead2Exception? stopped =
            await Assert.ThrowsAsync<Spead2Exception>(async () => await stream.SendAllAsync(Heaps(1)));
        Assert.That(stopped!.Status, Is.EqualTo(Spead2Status.Stopped));
    }

    [Test]
    public async Task Cancelled_enumeration_sends_what_it_had_queued()
    {
        using CancellationTokenSource cancellation = new();
        await using SendStream stream = new(new() { MaxHeaps = 3 });
        SentPackets packets = new();
        stream.Add(packets.Writer());

        Assert.That(
            async () => await stream.SendAllAsync(Heaps(100, number =>
            {
                if (number == 10)
                {
                    cancellation.Cancel();
                }
            }), cancellation.Token),
            Throws.InstanceOf<OperationCanceledException>());

        Assert.That(packets.Hex, Has.Count.EqualTo(11));
        Assert.That(stream.Statistics.HeapsQueued, Is.Zero);
    }

    [Test]
    public async Task Failed_heap_of_an_enumeration_is_told_and_the_rest_is_sent()
    {
        int calls = 0;
        await using SendStream stream = new(logger: new RecordingLogger());
        stream.Add(new FunctionWriterOptions((_, _) =>
        {
            if (++calls == 2)
            {
                throw new IOException("the disk is full");
            }
        }));

        SendResult result = await stream.SendAllAsync(Heaps(5));

        Assert.That(result.Status, Is.EqualTo(Spead2Status.OperatingSystem));
        Assert.That(result.Packets, Is.EqualTo(4));
        Assert.That(result.FailedPackets, Is.EqualTo(1));
    }

    [Test]
    public async Task Heaps_cost_no_allocation_in_steady_state()
    {
        const int Heaps = 10_000;
        const int LeastHeaps = 1000;
        const int Runs = 5;
        await using SendStream stream = new(new() { MaxHeaps = 2 });
        stream.Add(new FunctionWriterOptions(static (_, _) => { }));
        HeapToSend heap = Heap(0x1000, 4000);
        heap.AddImmediate(0x1600, 7);
        Task<long> measuring;

        // What tests carry along from thread to thread allocates at each await.
        using (ExecutionContext.SuppressFlow())
        {
            measuring = Task.Run(Measure);
        }

        long bytes = await measuring;

        // Other threads of the test's host allocate something now and then; an object for each heap would be in every run.
        TestContext.Out.WriteLine($"{bytes} bytes for {Heaps} heaps");
        Assert.That(bytes, Is.LessThan(Heaps * IntPtr.Size));

        async Task<long> Measure()
        {
            await Send(LeastHeaps);
            long least = long.MaxValue;
            for (int i = 0; i < Runs; i++)
            {
                long before = GC.GetTotalAllocatedBytes(precise: true);
                await Send(Heaps);
                least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
            }

            return least;
        }

        async Task Send(int count)
        {
            for (int i = 0; i < count; i++)
            {
                SendResult result = await stream.SendAsync(heap);
                result.ThrowIfFailed();
            }
        }
    }

    [Test]
    public void Stream_that_is_forgotten_is_freed()
    {
        WeakReference forgotten = Forget();
        Poll.Until(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !forgotten.IsAlive;
            },
            "freed");
    }

    private static bool CoalescesUdp()
    {
        const int IpProtocolUdp = 17;
        const int UdpGro = 104;
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.SetRawSocketOption(IpProtocolUdp, UdpGro, BitConverter.GetBytes(1));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static WeakReference Forget()
    {
        SendStream stream = new();
        stream.Add(new SentPackets().Writer());
        stream.SendAsync(new HeapToSend()).AsTask().Wait();
        return new(stream);
    }

    private static IEnumerable<TestCaseData> BrokenOptions()
    {
        yield return new TestCaseData(new SendStreamOptions { MaxHeaps = 0 }, "MaxHeaps");
        yield return new TestCaseData(new SendStreamOptions { MaxPacketSize = 55 }, "MaxPacketSize");
        yield return new TestCaseData(new SendStreamOptions { MaxPacketSize = 65536 }, "MaxPacketSize");
        yield return new TestCaseData(new SendStreamOptions { Rate = -1 }, "Rate");
        yield return new TestCaseData(new SendStreamOptions { Rate = double.PositiveInfinity }, "Rate");
        yield return new TestCaseData(new SendStreamOptions { BurstSize = 0 }, "BurstSize");
        yield return new TestCaseData(new SendStreamOptions { BurstRateRatio = 0.99 }, "BurstRateRatio");
        yield return new TestCaseData(new SendStreamOptions { Pacing = Pacing.Packets }, "Pacing");
        yield return new TestCaseData(new SendStreamOptions { Pacing = (Pacing)2, Rate = 1 }, "Pacing");
    }

    private static HeapToSend Heap(long id, int length)
    {
        HeapToSend heap = new();
        heap.AddItem(id, Payload(length), allowImmediate: false);
        return heap;
    }

    private static async IAsyncEnumerable<HeapToSend> Heaps(int count, Action<int>? taken = null)
    {
        HeapToSend heap = Heap(0x1000, 16);
        for (int i = 0; i < count; i++)
        {
            await Task.Yield();
            taken?.Invoke(i);
            yield return heap;
        }
    }

    private static byte[] Payload(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i + (i / 251)))];

    /// <summary>Heaps of 40, 16 and 64 bytes.</summary>
    private static HeapReference[] Group(long? middleCnt) =>
        [new(Heap(0x1000, 40)), new(Heap(0x1000, 16)) { Cnt = middleCnt }, new(Heap(0x1000, 64))];

    /// <summary>What a stream has sent.</summary>
    private sealed class SentPackets
    {
        private readonly List<byte[]> _packets = [];

        public List<int> Substreams { get; } = [];

        public IReadOnlyList<ReadOnlyMemory<byte>> Datagrams => [.. _packets.Select(packet => packet.AsMemory())];

        public IReadOnlyList<string> Hex => [.. _packets.Select(Convert.ToHexStringLower)];

        /// <summary>Heap cnt and payload offset of each packet.</summary>
        public IEnumerable<string> Places => Hex.Select(hex => string.Create(
            CultureInfo.InvariantCulture,
            $"{long.Parse(hex.AsSpan(22, 10), NumberStyles.HexNumber, CultureInfo.InvariantCulture):x}/{long.Parse(hex.AsSpan(54, 10), NumberStyles.HexNumber, CultureInfo.InvariantCulture)}"));

        public FunctionWriterOptions Writer(int substreams = 1) => new(Take) { Substreams = substreams };

        private void Take(int substream, ReadOnlySpan<byte> packet)
        {
            _packets.Add(packet.ToArray());
            Substreams.Add(substream);
        }
    }
}
