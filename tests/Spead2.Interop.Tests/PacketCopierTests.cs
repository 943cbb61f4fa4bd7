// SPDX-License-Identifier: MIT

using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>How payloads get into their heaps: methods, and functions of the user's.</summary>
public sealed class PacketCopierTests
{
    private const int HeapSize = 5000;

    [Test]
    public void Every_method_copies_every_byte([Values] CopyMethod method, [Values(1, 63, HeapSize, 1 << 20)] int size)
    {
        using ReceiveStream stream = new() { CopyMethod = method };
        Assert.That(stream.CopyMethod, Is.EqualTo(method));
        stream.AddDatagramReader(Packets.OfHeaps(3, size));

        AssertHeaps(stream, 3, cnt => Packets.Content(cnt, size));
    }

    [Test]
    public void Method_that_there_is_not_is_refused([Values(-1, 4)] int method)
    {
        using ReceiveStream stream = new();

        Assert.That(
            () => stream.CopyMethod = (CopyMethod)method,
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains($"{method}"));
        Assert.That(stream.CopyMethod, Is.EqualTo(CopyMethod.Default));
    }

    [Test]
    public void Copier_decides_what_is_in_the_heap()
    {
        using ReceiveStream stream = new() { PacketCopier = CopyBackwards };
        stream.AddDatagramReader(Packets.OfHeaps(5, HeapSize));

        AssertHeaps(stream, 5, cnt => [.. Packets.Content(cnt, HeapSize).Reverse()]);
    }

    [Test]
    public void Copier_sees_each_packet_and_as_much_of_the_heap_as_there_is()
    {
        byte[] unsized = Convert.FromHexString(
            "5304020600000004" + "8001000000000002" + "8003000000000005" + "8004000000000004" + "8000000000000000" +
            "61626364");
        List<(ulong Cnt, long Offset, int Length, int Heap)> seen = [];
        using ReceiveStream stream = new();
        stream.PacketCopier = (Span<byte> heap, in PacketHeader packet) =>
        {
            seen.Add((packet.Cnt, packet.PayloadOffset, packet.Payload.Length, heap.Length));
            heap.Clear();
        };
        stream.AddDatagramReader([.. Packets.OfHeap(1, 2000), unsized]);
        stream.Read().Dispose();
        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());

        Assert.That(seen, Has.Count.EqualTo(3));
        Assert.That(seen[0], Is.EqualTo((1, 0, seen[1].Offset, 2000)));
        Assert.That(seen[1].Offset + seen[1].Length, Is.EqualTo(seen[1].Heap).And.EqualTo(2000));
        Assert.That(seen[2], Is.EqualTo((2, 5, 4, 9)));
    }

    [Test]
    public void Copier_counts_in_custom_statistics()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions
        {
            CustomStatistics = [new("bytes"), new("first", StatisticMode.Maximum)],
        });
        stream.PacketCopier = (Span<byte> heap, in PacketHeader packet) =>
        {
            packet.CustomStatistics[0] += packet.Payload.Length;
            packet.CustomStatistics[1] = Math.Max(packet.CustomStatistics[1], packet.Payload[0]);
            packet.Payload.CopyTo(heap[(int)packet.PayloadOffset..]);
        };
        stream.AddDatagramReader(Packets.OfHeaps(20, HeapSize));
        AssertHeaps(stream, 20, cnt => Packets.Content(cnt, HeapSize));

        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        Assert.That(stream.Statistics["bytes"], Is.EqualTo(20 * HeapSize));
        Assert.That(stream.Statistics["first"], Is.InRange(1, byte.MaxValue));
    }

    [Test]
    public void Copier_that_throws_is_logged_once_and_the_payload_copied_plainly()
    {
        RecordingLogger logger = new();
        using (ReceiveStream stream = new(logger: logger))
        {
            stream.PacketCopier = (Span<byte> heap, in PacketHeader packet) =>
            {
                heap.Clear();
                throw new InvalidTimeZoneException("wrong zone");
            };
            stream.AddDatagramReader(Packets.OfHeaps(5, size: 64));
            AssertHeaps(stream, 5, cnt => Packets.Content(cnt, 64));
        }

        Assert.That(
            logger.Messages.Where(message => message.Text.Contains("wrong zone", StringComparison.Ordinal)).ToArray(),
            Has.Length.EqualTo(1).And.All.Matches<(LogLevel Level, string Text)>(message =>
                message.Level == LogLevel.Warning && message.Text.Contains("heap 1", StringComparison.Ordinal)));
    }

    [Test]
    public void Copier_wins_until_it_is_taken_away()
    {
        using ReceiveStream stream = new() { CopyMethod = CopyMethod.NonTemporal };
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        PacketCopier copier = CopyBackwards;
        stream.PacketCopier = copier;
        stream.CopyMethod = CopyMethod.Standard;
        Assert.That(stream.PacketCopier, Is.SameAs(copier));
        Assert.That(stream.CopyMethod, Is.EqualTo(CopyMethod.Standard));
        sender.Send(Packets.OfHeap(1));
        using Heap backwards = stream.Read();
        Assert.That(backwards.Payload.ToArray(), Is.EqualTo(Packets.Content(1, 64).Reverse()));

        stream.PacketCopier = null;
        Assert.That(stream.CopyMethod, Is.EqualTo(CopyMethod.Standard));
        sender.Send(Packets.OfHeap(2));
        using Heap forwards = stream.Read();
        Assert.That(forwards.Payload.ToArray(), Is.EqualTo(Packets.Content(2, 64)));
    }

    [Test]
    public void Copying_may_be_changed_while_heaps_arrive()
    {
        const int HeapCount = 2000;
        Random random = Seeded.Random();
        int running = 0;
        int replaced = 0;
        using ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 8 });
        stream.AddDatagramReader(Packets.OfHeaps(HeapCount, size: 600));
        for (ulong cnt = 1; cnt <= HeapCount; cnt++)
        {
            stream.CopyMethod = (CopyMethod)random.Next(4);
            int mine = (int)cnt;
            Volatile.Write(ref running, mine);
            stream.PacketCopier = random.Next(3) == 0
                ? null
                : (Span<byte> heap, in PacketHeader packet) =>
                {
                    // Once another has been set, this one must not be called any more.
                    replaced += Volatile.Read(ref running) > mine + 1 ? 1 : 0;
                    packet.Payload.CopyTo(heap[(int)packet.PayloadOffset..]);
                };
            using Heap heap = stream.Read();
            Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content(cnt, 600)), Is.True);
        }

        Assert.That(replaced, Is.Zero);
    }

    [Test]
    public void Copier_of_a_stream_that_is_dropped_is_let_go()
    {
        List<WeakReference> copiers = [.. Enumerable.Range(0, 50).Select(_ => Abandon())];

        Poll.Until(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !copiers.Exists(copier => copier.IsAlive);
            },
            "every copier is garbage");
    }

    [Test]
    public void Copier_that_another_took_the_place_of_is_let_go()
    {
        using ReceiveStream stream = new();
        WeakReference[] copiers = [SetFresh(stream), SetFresh(stream)];
        stream.PacketCopier = null;

        Poll.Until(
            () =>
            {
                GC.Collect();
                return !Array.Exists(copiers, copier => copier.IsAlive);
            },
            "both copiers are garbage");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference SetFresh(ReceiveStream stream)
    {
        byte[] closure = new byte[1];
        PacketCopier copier = (Span<byte> heap, in PacketHeader packet) => heap.Fill(closure[0]);
        stream.PacketCopier = copier;
        return new(copier);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Abandon()
    {
        byte[] closure = new byte[1];
        PacketCopier copier = (Span<byte> heap, in PacketHeader packet) => heap.Fill(closure[0]);
        ReceiveStream stream = new() { PacketCopier = copier };
        stream.AddDatagramReader(Packets.OfHeaps(9, HeapSize));
        _ = stream.Read();
        return new(copier);
    }

    private static void CopyBackwards(Span<byte> heap, in PacketHeader packet)
    {
        for (int i = 0; i < packet.Payload.Length; i++)
        {
            heap[^((int)packet.PayloadOffset + i + 1)] = packet.Payload[i];
        }
    }

    private static void AssertHeaps(ReceiveStream stream, ulong count, Func<ulong, byte[]> content)
    {
        for (ulong cnt = 1; cnt <= count; cnt++)
        {
            using Heap heap = stream.Read();
            Assert.That(heap.Payload.Span.SequenceEqual(content(cnt)), Is.True, $"Heap {cnt} is wrong.");
        }
    }
}
