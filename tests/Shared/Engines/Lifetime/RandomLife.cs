// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>
/// Does at random, on several threads, what users may do with streams and heaps that the threads share. Whoever reads
/// a heap pins it, so that another thread may dispose it at any time.
/// </summary>
internal sealed class RandomLife : IDisposable
{
    private const int StreamCount = 4;
    private const int HeapCount = 16;
    private const int DifferentHeaps = 40;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(2);

    // Heap cnt decides the size, so that content can be told from cnt and length.
    private static readonly IReadOnlyList<ReadOnlyMemory<byte>>[] Sent =
        [.. Enumerable.Range(1, DifferentHeaps).Select(cnt => Packets.OfHeap((ulong)cnt, 300 * cnt))];

    private static readonly IReadOnlyList<ReadOnlyMemory<byte>> Stop = Packets.OfStop(DifferentHeaps + 1);
    private static readonly byte[] Buffer = Packets.Concatenate(Sent.SelectMany(packets => packets));
    private static readonly IReadOnlyList<ReadOnlyMemory<byte>> Datagrams = [.. Sent.SelectMany(packets => packets)];

    private readonly SharedStream?[] _streams = new SharedStream?[StreamCount];
    private readonly Heap?[] _heaps = new Heap?[HeapCount];
    private readonly AllocatorCounts _counts = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private long _heapsRead;

    /// <summary>Heaps whose content was right.</summary>
    public long HeapsRead => Interlocked.Read(ref _heapsRead);

    /// <summary>One thread's part.</summary>
    public async Task Run(int seed, int steps)
    {
        Random random = new(seed);
        using ItemGroup items = new();
        items.Add(ItemDescriptor.FromFormat(
            Packets.ItemId, "content", "", ItemShape.Vector, new FormatField('u', 8)));
        for (int step = 0; step < steps; step++)
        {
            int choice = random.Next(100);
            try
            {
                await Step(random, choice, items).ConfigureAwait(false);
            }
            catch (Exception exception) when (
                exception is ObjectDisposedException or StreamStoppedException or OperationCanceledException)
            {
                // Another thread was faster, or the time was over.
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException(
                    $"Seed {seed}, step {step}, choice {choice}: {exception}", exception);
            }
        }
    }

    /// <summary>Gives up what is left; fails if an allocator was finalized before its blocks were back.</summary>
    public void End()
    {
        for (int i = 0; i < StreamCount; i++)
        {
            Interlocked.Exchange(ref _streams[i], null)?.Stream.Dispose();
        }

        for (int i = 0; i < HeapCount; i++)
        {
            _heaps[i]?.Dispose();
            _heaps[i] = null;
        }

        Poll.Until(
            () =>
            {
                Garbage.Collect();
                return Volatile.Read(ref _counts.InUse) == 0;
            },
            "all blocks are back");
        Assert.That(_counts.FreedTooLate, Is.Zero);
    }

    public void Dispose() => _socket.Dispose();

    private ValueTask Step(Random random, int choice, ItemGroup items)
    {
        switch (choice)
        {
            case < 3:
                Replace(random.Next(StreamCount), Open(random), random);
                return default;
            case < 4:
                Replace(random.Next(StreamCount), null, random);
                return default;
            case < 30:
                Send(random);
                return default;
            case < 42:
                UseHeap(random, items);
                return default;
            case < 43:
                GC.Collect(random.Next(3), GCCollectionMode.Forced, blocking: true, compacting: true);
                return default;
        }

        return _streams[random.Next(StreamCount)] is { } shared ? Use(shared.Stream, choice, random) : default;
    }

    private async ValueTask Use(ReceiveStream stream, int choice, Random random)
    {
        using CancellationTokenSource soon = new(LongestWait * random.NextDouble());
        int slot = random.Next(HeapCount);
        switch (choice)
        {
            case < 50:
                Keep(slot, stream.TryRead(out Heap? now) ? now : null);
                break;
            case < 55:
                Keep(slot, stream.TryRead(out Heap? waited, LongestWait * random.NextDouble()) ? waited : null);
                break;
            case < 60:
                KeepBatch(stream);
                break;
            case < 65:
                Keep(slot, stream.Read(soon.Token));
                break;
            case < 72:
                Keep(slot, await stream.ReadAsync(soon.Token).ConfigureAwait(false));
                break;
            case < 77:
                await stream.WaitToReadAsync(soon.Token).ConfigureAwait(false);
                break;
            case < 80:
                await foreach (Heap heap in stream.ReadAllAsync(soon.Token).ConfigureAwait(false))
                {
                    Keep(slot, heap);
                }

                break;
            case < 88:
                Look(stream);
                break;
            case < 96:
                Set(stream, random);
                break;
            case < 98:
                stream.Start();
                break;
            default:
                if (random.Next(4) == 0)
                {
                    stream.Stop();
                }

                break;
        }
    }

    private SharedStream Open(Random random)
    {
        ReceiveStream stream = new(
            new ReceiveStreamOptions
            {
                RingHeaps = random.Next(1, 10),
                MaxHeaps = random.Next(1, 5),
                ExplicitStart = random.Next(4) == 0,
                ContiguousOnly = random.Next(4) != 0,
            },
            new RecordingLogger { OnMessage = () => DisposeSome() });
        int port = stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        switch (random.Next(4))
        {
            case 0:
                stream.AddBufferReader(Buffer);
                break;
            case 1:
                stream.AddDatagramReader(Datagrams);
                break;
        }

        return new(stream, port);
    }

    /// <summary>Gives a stream up, in one of four ways.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Replace(int slot, SharedStream? stream, Random random)
    {
        ReceiveStream? old = Interlocked.Exchange(ref _streams[slot], stream)?.Stream;
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

    private void DisposeSome()
    {
        // Loggers run on threads whose random numbers nobody could have again.
        long number = Environment.TickCount64;
        if (number % 8 == 0)
        {
            _streams[number / 8 % StreamCount]?.Stream.Dispose();
        }
    }

    private void Send(Random random)
    {
        if (_streams[random.Next(StreamCount)] is not { } shared)
        {
            return;
        }

        IReadOnlyList<ReadOnlyMemory<byte>> packets = random.Next(50) == 0 ? Stop : Sent[random.Next(DifferentHeaps)];
        IPEndPoint target = new(IPAddress.Loopback, shared.Port);
        foreach (ReadOnlyMemory<byte> packet in packets)
        {
            // Now and then a packet is lost, and another is none.
            int length = random.Next(50) switch { 0 => 0, 1 => packet.Length / 2, _ => packet.Length };
            _socket.SendTo(packet.Span[..length], target);
        }
    }

    private void KeepBatch(ReceiveStream stream)
    {
        Heap[] heaps = new Heap[3];
        int count = stream.TryReadBatch(heaps);
        for (int i = 0; i < count; i++)
        {
            Keep(i, heaps[i]);
        }
    }

    private static void Look(ReceiveStream stream)
    {
        StreamStatistics statistics = stream.Statistics;
        Assert.That(statistics.IncompleteHeapsEvicted, Is.LessThanOrEqualTo(statistics.Heaps));
        _ = stream.IsCompleted;
        _ = stream.Fd;
        _ = stream.MemoryAllocator;
        _ = stream.PacketCopier;
        _ = stream.CopyMethod;
    }

    private void Set(ReceiveStream stream, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                stream.MemoryAllocator = random.Next(2) == 0 ? null : new TestAllocator(_counts);
                break;
            case 1:
                stream.PacketCopier = random.Next(2) == 0
                    ? null
                    : (heap, in packet) => packet.Payload.CopyTo(heap[(int)packet.PayloadOffset..]);
                break;
            case 2:
                stream.CopyMethod = (CopyMethod)random.Next(Enum.GetValues<CopyMethod>().Length);
                break;
            default:
                stream.StopOnStopItem = random.Next(2) == 0;
                break;
        }
    }

    private void UseHeap(Random random, ItemGroup items)
    {
        int slot = random.Next(HeapCount);
        if (_heaps[slot] is not { } heap)
        {
            return;
        }

        switch (random.Next(6))
        {
            case 0:
                heap.Dispose();
                break;
            case 1:
                // The garbage collector finds it.
                Interlocked.CompareExchange(ref _heaps[slot], null, heap);
                break;
            case 2 when HasContent(heap):
                ulong cnt = heap.Cnt;
                items.Update(heap);
                heap.Dispose();
                Check(cnt, items["content"].AsSpan<byte>());
                break;
            case 3:
                _ = heap.Items;
                _ = heap.PayloadRanges;
                break;
            default:
                CheckPinned(heap);
                break;
        }
    }

    /// <summary>Takes a heap over, if there is one, and disposes the one that was in its place.</summary>
    private void Keep(int slot, Heap? heap)
    {
        if (heap is not null)
        {
            Interlocked.Exchange(ref _heaps[slot], heap)?.Dispose();
        }
    }

    /// <summary>Whether the heap is one of those that are sent, and not one that stops a stream.</summary>
    private static bool HasContent(Heap heap) => heap.IsComplete && heap.Cnt <= DifferentHeaps;

    private unsafe void CheckPinned(Heap heap)
    {
        if (HasContent(heap))
        {
            ReadOnlyMemory<byte> payload = heap.Payload;
            using MemoryHandle pin = payload.Pin();
            Check(heap.Cnt, new(pin.Pointer, payload.Length));
        }
    }

    private void Check(ulong cnt, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.SequenceEqual(Packets.Content(cnt, bytes.Length)))
        {
            throw new InvalidOperationException($"Heap {cnt} of {bytes.Length} bytes has others than were sent.");
        }

        Interlocked.Increment(ref _heapsRead);
    }

    /// <summary>A stream that several threads use, and the port of its socket.</summary>
    private sealed record SharedStream(ReceiveStream Stream, int Port);
}
