// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Soak.Receiving;
using Spead2.Soak.Sending;
using Spead2.Tools;
using Spead2.Tools.Receive;

namespace Spead2.Soak;

/// <summary>Heaps of equal size lose packets in one place; the statistics must say exactly how many.</summary>
/// <param name="engine">What receives.</param>
/// <param name="place">Where packets get lost.</param>
/// <param name="seed">Seed of what is random.</param>
internal sealed class LossRun(ReceiveEngine engine, LossPlace place, int seed) : IDisposable
{
    private const int PacketsOfHeap = 10;
    private const int PacketSize = 1472;
    private const int HeapSize = 14_000;
    private const int Heaps = 400;

    // As few as make sure that something is lost where the kernel decides, and as many as are sent in vain.
    private const int FewestDrops = 50;
    private const int MostHeaps = 100_000;
    private const int OpenHeaps = 4;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly Random _random = new(seed);
    private readonly PacketEncoder _encoder = new(default, PacketSize);
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private ulong _cnt;
    private long _lostOnPurpose;

    /// <summary>Packets that were sent, or lost on purpose.</summary>
    public long Sent { get; private set; }

    /// <summary>Runs, and gives what the stream says.</summary>
    /// <param name="lost">Packets of which it is known in other ways that they, or messages with them, got lost.</param>
    public StreamStatistics Run(out long lost)
    {
        using ReceiverSocket receiver = new(place == LossPlace.SocketBuffer ? HeapSize / 2 : 1 << 20);
        using LossyWire wire = new(receiver.Port, place == LossPlace.Wire ? _random.Next() : null);
        using IReceiveStream stream = engine.Open(
            new ReceiveStreamOptions
            {
                Accounting = HeapAccounting.BySubstream,
                CntStep = 1,
                MaxHeaps = place == LossPlace.Eviction ? OpenHeaps / 2 : ReceiveStreamOptions.DefaultMaxHeaps,
                RingHeaps = place == LossPlace.SlowConsumer ? 1 : ReceiveStreamOptions.DefaultRingHeaps,
            },
            NullLogger.Instance);
        stream.AddUdpReader(new UdpSourceOptions { Socket = receiver.Socket });
        using ManualResetEventSlim mayTake = new(initialState: place != LossPlace.SlowConsumer);
        Task consumer = Task.Factory.StartNew(() => Take(stream, mayTake), TaskCreationOptions.LongRunning);

        // What comes before the first heap that arrives is not known.
        _socket.Connect(IPAddress.Loopback, receiver.Port);
        SendOneByOne(NextHeap(), () => stream.Statistics.PacketsAccepted);
        _socket.Connect(IPAddress.Loopback, wire.Port);
        SendAll(receiver);
        mayTake.Set();
        wire.End();
        WaitFor(() => receiver.IsEmpty, "the socket is empty");

        // A stop says how many heaps there were.
        _socket.Connect(IPAddress.Loopback, receiver.Port);
        HeapToSend stop = new();
        stop.AddEnd();
        Send(Encode(stop, ++_cnt)[0]);
        WaitFor(() => consumer.IsCompleted, "the stream has ended");
        StreamStatistics statistics = stream.Statistics;
        lost = _lostOnPurpose + wire.Lost + statistics.KernelDropMessages + statistics.IncompleteHeapsEvicted;
        return statistics;
    }

    /// <summary>Every packet that was sent is received or missing.</summary>
    public Identity IdentityOf(StreamStatistics statistics) => new(
        "sent = received + missing of heaps that began + heaps missing x packets",
        Sent,
        statistics.Packets + statistics.PacketsMissing
            + ((statistics.HeapsMissing - statistics.HeapsLate) * PacketsOfHeap));

    public void Dispose() => _socket.Dispose();

    private static void Take(IReceiveStream stream, ManualResetEventSlim mayTake)
    {
        mayTake.Wait();
        while (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            heap.Dispose();
        }
    }

    private void SendAll(ReceiverSocket receiver)
    {
        bool kernelLoses = place is LossPlace.SocketBuffer or LossPlace.SlowConsumer;
        for (int heaps = 0; heaps < Heaps || (kernelLoses && receiver.CountDrops() < FewestDrops); heaps += OpenHeaps)
        {
            if (heaps > MostHeaps)
            {
                throw new TimeoutException($"{MostHeaps} heaps were sent, and the kernel dropped {receiver.CountDrops()} packets.");
            }

            SendSome();
        }
    }

    /// <summary>Sends a few heaps: one after the other, or mixed.</summary>
    private void SendSome()
    {
        Queue<byte[]>[] heaps = [.. Enumerable.Range(0, OpenHeaps).Select(_ => new Queue<byte[]>(NextHeap()))];
        bool[] isLost = [.. heaps.Select(_ => place == LossPlace.Sender && _random.Next(20) == 0)];
        while (heaps.Any(heap => heap.Count > 0))
        {
            int[] left = [.. Enumerable.Range(0, OpenHeaps).Where(i => heaps[i].Count > 0)];
            int next = place == LossPlace.Eviction ? left[_random.Next(left.Length)] : left[0];
            byte[] packet = heaps[next].Dequeue();
            if (isLost[next] || (place == LossPlace.Sender && _random.Next(20) == 0))
            {
                Sent++;
                _lostOnPurpose++;
            }
            else
            {
                Send(packet);
            }
        }
    }

    private void SendOneByOne(IEnumerable<byte[]> packets, Func<long> arrived)
    {
        foreach ((byte[] packet, int i) in packets.Select((packet, i) => (packet, i)))
        {
            Send(packet);
            WaitFor(() => arrived() == i + 1, $"packet {i} has arrived");
        }
    }

    private void Send(byte[] packet)
    {
        _socket.Send(packet);
        Sent++;
    }

    private List<byte[]> NextHeap()
    {
        byte[] content = new byte[HeapSize];
        HeapContent.Fill(content, ++_cnt);
        HeapToSend heap = new();
        heap.AddItem(HeapContent.DataId, content, allowImmediate: false);
        List<byte[]> packets = Encode(heap, _cnt);
        return packets.Count == PacketsOfHeap
            ? packets
            : throw new InvalidOperationException($"A heap has {packets.Count} packets, not {PacketsOfHeap}.");
    }

    private List<byte[]> Encode(HeapToSend heap, ulong cnt)
    {
        List<byte[]> packets = [];
        byte[] buffer = new byte[PacketSize];
        for (_encoder.Begin(heap, cnt); !_encoder.IsFinished;)
        {
            packets.Add(buffer[.._encoder.Write(buffer)]);
        }

        return packets;
    }

    private static void WaitFor(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Deadline)
            {
                throw new TimeoutException($"After {Deadline.TotalSeconds} s still not: {what}.");
            }

            Thread.Yield();
        }
    }
}
