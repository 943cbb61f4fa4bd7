// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Spead2.Send;

namespace Spead2.Testing.Engines;

/// <summary>
/// Threads do at random what users may do with send streams that they share: every heap that was queued is completed, and
/// nothing is left.
/// </summary>
[NonParallelizable]
public sealed class RandomSendingTests
{
    private const int Threads = 4;
    private const int Steps = 3000;
    private const int StreamCount = 4;
    private const int PayloadBytes = 5000;

    // Sums of what became of the heaps.
    private long _sent;
    private long _stopped;

    [Test]
    public async Task Random_sending_by_several_threads_completes_every_heap()
    {
        Random random = Seeded.Random();
        int[] seeds = [.. Enumerable.Range(0, Threads).Select(_ => random.Next())];
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        SendStream?[] streams = new SendStream?[StreamCount];
        ConcurrentBag<Task<SendResult>> sendings = [];
        using (Socket receiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            receiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            int port = ((IPEndPoint)receiver.LocalEndPoint!).Port;
            await Task.WhenAll(seeds.Select(seed => Task.Factory.StartNew(
                () => Run(new Random(seed), streams, sendings, port), TaskCreationOptions.LongRunning).Unwrap()))
                .WaitAsync(Poll.Deadline);
            for (int i = 0; i < StreamCount; i++)
            {
                Interlocked.Exchange(ref streams[i], null)?.Dispose();
            }

            // Of streams that the garbage collector finds, too.
            Poll.Until(
                () =>
                {
                    Garbage.Collect();
                    return sendings.All(sending => sending.IsCompleted);
                },
                "all heaps are completed");
        }

        foreach (Task<SendResult> sending in sendings)
        {
            Count(await sending);
        }

        TestContext.Out.WriteLine($"{_sent} heaps sent, {_stopped} stopped.");
        Assert.That(_sent, Is.Positive);
        sendings.Clear();
        before.AwaitAgain();
    }

    private static async Task Run(
        Random random, SendStream?[] streams, ConcurrentBag<Task<SendResult>> sendings, int port)
    {
        byte[] payload = new byte[PayloadBytes];
        for (int step = 0; step < Steps; step++)
        {
            int slot = random.Next(StreamCount);
            try
            {
                switch (random.Next(100))
                {
                    case < 3:
                        Replace(streams, slot, Open(random, port), random);
                        break;
                    case < 5:
                        Replace(streams, slot, null, random);
                        break;
                    case < 7:
                        streams[slot]?.Stop();
                        break;
                    case < 12 when streams[slot] is { } stream:
                        using (CancellationTokenSource soon = new(TimeSpan.FromMilliseconds(random.Next(3))))
                        {
                            await stream.FlushAsync(soon.Token).ConfigureAwait(false);
                        }

                        break;
                    case < 20:
                        _ = streams[slot]?.Statistics;
                        break;
                    default:
                        if (streams[slot] is { } sender)
                        {
                            sendings.Add(Send(sender, payload, random));
                        }

                        break;
                }
            }
            catch (Exception exception) when (
                exception is ObjectDisposedException or OperationCanceledException
                || exception is Spead2Exception { Status: Spead2Status.QueueFull or Spead2Status.Stopped })
            {
                // There is no room, or another thread was faster.
            }
        }
    }

    private static Task<SendResult> Send(SendStream stream, byte[] payload, Random random)
    {
        HeapToSend heap = new();
        heap.AddImmediate(0x1600, 1);
        heap.AddItem(0x1000, payload.AsMemory(0, random.Next(PayloadBytes)));
        if (random.Next(3) != 0)
        {
            return stream.SendAsync(heap).AsTask();
        }

        HeapReference one = new(heap) { Rate = random.Next(2) == 0 ? 0 : null };
        return stream.SendAsync([one, one], (GroupMode)random.Next(2)).AsTask();
    }

    private static SendStream Open(Random random, int port)
    {
        SendStream stream = new(new()
        {
            MaxHeaps = random.Next(2, 20),
            MaxPacketSize = random.Next(2) == 0 ? 1472 : 200,
            Rate = random.Next(3) == 0 ? 100e6 : 0,
            BurstSize = random.Next(1, 20000),
        });
        if (random.Next(2) == 0)
        {
            stream.Add(new UdpWriterOptions("127.0.0.1", port));
        }
        else
        {
            stream.Add(new FunctionWriterOptions((_, _) => { }));
        }

        return stream;
    }

    /// <summary>Gives a stream up, in one of four ways.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Replace(SendStream?[] streams, int slot, SendStream? stream, Random random)
    {
        SendStream? old = Interlocked.Exchange(ref streams[slot], stream);
        switch (random.Next(4))
        {
            case 0:
                // The garbage collector finds it.
                break;
            case 1:
                _ = old?.DisposeAsync().AsTask();
                break;
            case 2:
                _ = Task.Run(() => old?.Dispose());
                old?.Dispose();
                break;
            default:
                old?.Dispose();
                break;
        }
    }

    private void Count(SendResult result)
    {
        Assert.That(result.Status, Is.AnyOf(Spead2Status.Success, Spead2Status.Stopped));
        _sent += result.IsSuccess ? 1 : 0;
        _stopped += result.IsSuccess ? 0 : 1;
    }
}
