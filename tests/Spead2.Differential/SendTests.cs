// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Differential;

/// <summary>
/// Random heaps, groups and options: both engines send the same packets, byte for byte, and what they send is received
/// as it was.
/// </summary>
[TestFixture]
public sealed class SendTests
{
    private const int LongestItem = 3000;
    private const int MostItems = 12;
    private const int MostHeaps = 4;

    [Test]
    public void Engines_send_the_same_packets_and_what_was_sent_is_received()
    {
        TestContext.Out.WriteLine($"{Seeds.Variable}={Seeds.First}, {Seeds.DefaultCount} seeds");
        for (int i = 0; i < Seeds.DefaultCount; i++)
        {
            ulong seed = Seeds.First + (ulong)i;
            Case sent = new(new Random((int)(seed % int.MaxValue)));
            string context = string.Create(CultureInfo.InvariantCulture, $"seed {seed}");

            List<string> core = Packets(new SendStream(sent.Options), sent);
            List<string> managed = Packets(new ManagedSendStream(sent.Options), sent);

            Assert.That(managed, Is.EqualTo(core), context);
            using ReceiveStream coreReceiver = new(ReceiveOptions);
            using ManagedReceiveStream managedReceiver = new(ReceiveOptions);
            CheckReceived(coreReceiver, core, sent, context);
            CheckReceived(managedReceiver, core, sent, context);
        }
    }

    [Test]
    public void What_was_sent_through_a_queue_is_received_with_both_engines()
    {
        TestContext.Out.WriteLine($"{Seeds.Variable}={Seeds.First}, {Seeds.DefaultCount} seeds");
        for (int i = 0; i < Seeds.DefaultCount; i++)
        {
            ulong seed = Seeds.First + (ulong)i;
            Random random = new((int)(seed % int.MaxValue));
            Case sent = new(random);

            // Often less than one packet fits.
            long maxBytes = random.Next(2) == 0 ? random.Next(1, 20_000) : InProcessQueueBase.DefaultMaxBytes;
            string context = string.Create(CultureInfo.InvariantCulture, $"seed {seed}");
            using InProcessQueue coreQueue = new(maxBytes);
            using ManagedInProcessQueue managedQueue = new(maxBytes);
            using ReceiveStream coreReceiver = new(ReceiveOptions);
            using ManagedReceiveStream managedReceiver = new(ReceiveOptions);
            CheckQueued(new SendStream(sent.Options), coreReceiver, coreQueue, sent, context);
            CheckQueued(new ManagedSendStream(sent.Options), managedReceiver, managedQueue, sent, context);
            Assert.That(
                managedReceiver.Statistics.Packets, Is.EqualTo(coreReceiver.Statistics.Packets), context);
        }
    }

    private static ReceiveStreamOptions ReceiveOptions =>
        new() { MaxHeaps = MostHeaps, RingHeaps = MostHeaps, StopOnStopItem = false };

    private static List<string> Packets(SendStreamBase stream, Case sent)
    {
        List<string> packets = [];
        using (stream)
        {
            stream.Add(new FunctionWriterOptions((_, packet) => packets.Add(Convert.ToHexStringLower(packet))));
            stream.SetCntSequence(sent.FirstCnt, sent.CntStep);
            SendResult result = stream.SendAsync(sent.Group, sent.Mode).AsTask().GetAwaiter().GetResult();
            Assert.That(result.IsSuccess);
            Assert.That(result.Packets, Is.EqualTo(packets.Count));
        }

        return packets;
    }

    private static void CheckQueued(
        SendStreamBase sender, ReceiveStreamBase receiver, InProcessQueueBase queue, Case sent, string context)
    {
        using (sender)
        {
            sender.Add(new InProcessWriterOptions(queue));
            receiver.Add(new InProcessSourceOptions(queue));
            sender.SetCntSequence(sent.FirstCnt, sent.CntStep);
            SendResult result = sender.SendAsync(sent.Group, sent.Mode).AsTask().GetAwaiter().GetResult();
            Assert.That(result.IsSuccess, context);
            queue.Stop();
        }

        CheckHeaps(receiver, sent, context);
    }

    private static void CheckReceived(ReceiveStreamBase receiver, List<string> packets, Case sent, string context)
    {
        receiver.Add(new DatagramSourceOptions
        {
            Datagrams = [.. packets.Select(packet => new ReadOnlyMemory<byte>(Convert.FromHexString(packet)))],
        });
        CheckHeaps(receiver, sent, context);
    }

    private static void CheckHeaps(ReceiveStreamBase receiver, Case sent, string context)
    {
        Dictionary<long, string> received = [];
        while (receiver.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            using (heap)
            {
                received.Add((long)heap.Cnt, Contents(heap));
            }
        }

        Assert.That(received, Is.EquivalentTo(sent.Expected()), context);
    }

    // Immediates with their values, others with their bytes, whose end is where the next one begins.
    private static string Contents(Heap heap) => string.Join(' ', heap.Items
        .Select(item => item.IsImmediate
            ? string.Create(CultureInfo.InvariantCulture, $"{item.Id:x}={item.Value:x}")
            : string.Create(CultureInfo.InvariantCulture, $"{item.Id:x}:{Convert.ToHexStringLower(item.Bytes.Span)}"))
        .Order(StringComparer.Ordinal));

    /// <summary>What is sent.</summary>
    private sealed class Case
    {
        public Case(Random random)
        {
            int addressBits = 8 * random.Next(3, 8);
            Options = new()
            {
                MaxHeaps = MostHeaps,
                MaxPacketSize = random.Next(4) == 0 ? random.Next(56, 160) : random.Next(160, 9000),
                Flavour = new Flavour(addressBits),
                RepeatPointers = random.Next(3) == 0,
            };
            int mostItems = Options.RepeatPointers
                ? Math.Min(MostItems, ((Options.MaxPacketSize / 8 * 8) - 48) / 8)
                : MostItems;
            FirstCnt = random.NextInt64(1L << Math.Min(addressBits, 62));
            CntStep = random.Next(1, 1000);
            Mode = random.Next(2) == 0 ? GroupMode.RoundRobin : GroupMode.Serial;
            for (int i = random.Next(1, MostHeaps + 1); i > 0; i--)
            {
                Group.Add(new(NewHeap(random, mostItems)));
            }
        }

        public SendStreamOptions Options { get; }

        public List<HeapReference> Group { get; } = [];

        public GroupMode Mode { get; }

        public long FirstCnt { get; }

        public long CntStep { get; }

        /// <summary>What a receiver gets, by heap cnt; items without bytes disappear.</summary>
        public Dictionary<long, string> Expected()
        {
            Dictionary<long, string> expected = [];
            ulong mask = (1UL << Options.Flavour.AddressBits) - 1;
            ulong cnt = (ulong)FirstCnt;
            foreach (HeapReference reference in Group)
            {
                expected.Add((long)(cnt & mask), string.Join(' ', reference.Heap.Items
                    .Where(item => item.IsImmediate || item.AllowImmediate || item.Data.Length != 0)
                    .Select(Content)
                    .Order(StringComparer.Ordinal)));
                cnt += (ulong)CntStep;
            }

            return expected;
        }

        private string Content(ItemToSend item)
        {
            if (!item.IsImmediateIn(Options.Flavour.AddressBits / 8))
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"{item.Id:x}:{Convert.ToHexStringLower(item.Data.Span)}");
            }

            ulong value = item.Value;
            foreach (byte b in item.Data.Span)
            {
                value = (value << 8) | b;
            }

            return string.Create(CultureInfo.InvariantCulture, $"{item.Id:x}={value:x}");
        }

        // Identifiers differ: a receiver takes a pointer that comes again for a repetition.
        private HeapToSend NewHeap(Random random, int mostItems)
        {
            HeapToSend heap = new();
            int count = random.Next(mostItems);
            for (int i = 0; i < count; i++)
            {
                int id = 0x10 + i;
                if (random.Next(3) == 0)
                {
                    heap.AddImmediate(id, (ulong)random.NextInt64(1L << Math.Min(Options.Flavour.AddressBits, 62)));
                    continue;
                }

                byte[] data = new byte[random.Next(3) == 0 ? random.Next(9) : random.Next(LongestItem)];
                random.NextBytes(data);
                heap.AddItem(id, data, allowImmediate: random.Next(2) == 0);
            }

            return heap;
        }
    }
}
