// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Benchmarks.Assemble;

/// <summary>One heap size and packet size: the packets, and the two methods that handle them.</summary>
internal sealed unsafe partial class AssembleShape : IDisposable
{
    // A repetition is short enough that most of them pass undisturbed on a machine that is shared.
    private const int RunBytes = 64 << 20;
    private const int RunHeaps = 16;

    // Source and destination stay in cache: the list names the packets of a few heaps again and again.
    private const int SourceHeaps = 2;
    private const int ReadBatch = 16;
    private const int AddressBits = 48;

    // The header of a SPEAD-64-48 packet, but for the number of item pointers.
    private const ulong Header = 0x5304020600000000;

    // Item 0x1000 at address 0.
    private const ulong FirstItem = 0x1000UL << AddressBits;

    private readonly ReadOnlyMemory<byte>[] _packets;
    private nint[] _destinations = [];

    public AssembleShape(int heapSize, int payloadSize)
    {
        HeapSize = heapSize;
        PayloadSize = payloadSize;
        Heaps = Math.Max(RunHeaps, RunBytes / heapSize);
        List<ReadOnlyMemory<byte>> source =
            [.. Enumerable.Range(1, SourceHeaps).SelectMany(cnt => Encode((ulong)cnt))];
        PacketsPerHeap = source.Count / SourceHeaps;
        _packets = [.. Enumerable.Range(0, Heaps * PacketsPerHeap).Select(i => source[i % source.Count])];
    }

    public int HeapSize { get; }

    public int PayloadSize { get; }

    public int Heaps { get; }

    public int PacketsPerHeap { get; }

    public int Packets => _packets.Length;

    /// <summary>
    /// Nanoseconds per packet of the whole receive path: a stream is fed with the packets as datagrams, and this thread
    /// reads heaps in batches and disposes them. Measured from the moment when the first heaps have been read.
    /// </summary>
    public double Receive(AssembleEngine engine) => Receive(engine, look: null).Nanoseconds;

    /// <summary>
    /// Bytes per heap that .NET allocates meanwhile, from the moment when the first heaps have been read.
    /// </summary>
    public double Allocated(AssembleEngine engine) => Receive(engine, look: null, countsBytes: true).Bytes;

    private (double Nanoseconds, double Bytes) Receive(AssembleEngine engine, Action<Heap>? look, bool countsBytes = false)
    {
        using IReceiveStream stream = engine.NewStream();
        Heap[] heaps = new Heap[ReadBatch];
        int complete = 0;
        int before = 0;
        long start = 0;
        long bytes = 0;
        stream.AddDatagramReader(_packets);
        int count;
        while ((count = ReadSome(stream, heaps)) != 0)
        {
            foreach (Heap heap in heaps.AsSpan(0, count))
            {
                complete += heap.IsComplete ? 1 : 0;
                look?.Invoke(heap);
                heap.Dispose();
            }

            if (before == 0)
            {
                before = complete;
                bytes = countsBytes ? GC.GetTotalAllocatedBytes(precise: true) : 0;
                start = Stopwatch.GetTimestamp();
            }
        }

        double nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        bytes = (countsBytes ? GC.GetTotalAllocatedBytes(precise: true) : 0) - bytes;
        double heapsMeasured = Heaps - before;
        return complete == Heaps
            ? (nanoseconds / (heapsMeasured * PacketsPerHeap), bytes / heapsMeasured)
            : throw new InvalidOperationException($"{complete} of {Heaps} heaps arrived complete.");
    }

    /// <summary>
    /// Lets an engine receive, and finds how many heaps it has in use at a time: the plain copy then has as many.
    /// </summary>
    public void Prepare(AssembleEngine engine)
    {
        HashSet<nint> payloads = [];
        Receive(engine, heap =>
        {
            fixed (byte* payload = heap.Payload.Span)
            {
                payloads.Add((nint)payload);
            }
        });
        Dispose();
        _destinations = [.. payloads.Select(_ => (nint)NativeMemory.AllocZeroed((nuint)HeapSize))];
    }

    /// <summary>
    /// Nanoseconds per packet of what cannot be avoided: one thread copies each packet's payload. To be called after
    /// <see cref="Prepare"/>.
    /// </summary>
    public double Copy()
    {
        long start = Stopwatch.GetTimestamp();
        int turn = 0;
        int offset = 0;
        foreach (ReadOnlyMemory<byte> packet in _packets)
        {
            fixed (byte* bytes = packet.Span)
            {
                CopyMemory(_destinations[turn] + offset, (nint)bytes + packet.Length - PayloadSize, PayloadSize);
            }

            offset += PayloadSize;
            if (offset == HeapSize)
            {
                offset = 0;
                turn = turn + 1 == _destinations.Length ? 0 : turn + 1;
            }
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Packets;
    }

    private static int ReadSome(IReceiveStream stream, Heap[] heaps)
    {
        int count = stream.TryReadBatch(heaps);
        if (count == 0 && stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            heaps[0] = heap;
            count = 1;
        }

        return count;
    }

    /// <summary>Frees the memory of the plain copy.</summary>
    public void Dispose()
    {
        Array.ForEach(_destinations, destination => NativeMemory.Free((void*)destination));
        _destinations = [];
    }

    // That of the C library, as in the C program: .NET's own is another one.
    [LibraryImport("libc", EntryPoint = "memcpy")]
    [SuppressGCTransition]
    private static partial nint CopyMemory(nint destination, nint source, nint length);

    private static byte[] NewBuffer(int size) => GC.AllocateArray<byte>(size, pinned: true);

    /// <summary>The packets of a heap as a sender makes them: its item pointer is in the first.</summary>
    private IEnumerable<ReadOnlyMemory<byte>> Encode(ulong cnt)
    {
        byte[] content = new byte[HeapSize];
        new Random((int)cnt).NextBytes(content);
        for (int offset = 0; offset < HeapSize; offset += PayloadSize)
        {
            List<ulong> pointers =
            [
                Header | (offset == 0 ? 5UL : 4UL),
                Immediate(ItemId.HeapCnt, cnt),
                Immediate(ItemId.HeapLength, (ulong)HeapSize),
                Immediate(ItemId.PayloadOffset, (ulong)offset),
                Immediate(ItemId.PayloadLength, (ulong)PayloadSize),
            ];
            if (offset == 0)
            {
                pointers.Add(FirstItem);
            }

            byte[] packet = NewBuffer(pointers.Count * sizeof(ulong) + PayloadSize);
            for (int i = 0; i < pointers.Count; i++)
            {
                BinaryPrimitives.WriteUInt64BigEndian(packet.AsSpan(i * sizeof(ulong)), pointers[i]);
            }

            content.AsSpan(offset, PayloadSize).CopyTo(packet.AsSpan(pointers.Count * sizeof(ulong)));
            yield return MemoryMarshal.CreateFromPinnedArray(packet, 0, packet.Length);
        }
    }

    private static ulong Immediate(int id, ulong value) => 1UL << 63 | (ulong)id << AddressBits | value;
}
