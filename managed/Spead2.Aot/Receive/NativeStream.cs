// SPDX-License-Identifier: MIT

using System.Runtime.Versioning;
using Spead2.Chunks;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>A stream in the hands of a C program.</summary>
internal sealed class NativeStream
{
    private readonly NativeChunkGroup? _group;
    private readonly long _ringLimit;
    private PublishedStream? _published;

    /// <param name="options">Valid options.</param>
    /// <param name="threads">The caller's reference to them is given up with the stream.</param>
    /// <param name="log">Receives the stream's messages.</param>
    /// <param name="customNames">Names of custom statistics.</param>
    /// <param name="onHeap">Takes every heap; null if heaps are popped.</param>
    /// <param name="chunks">Makes the stream a member of the group; or null.</param>
    /// <param name="group">The caller's reference to it is given up with the stream.</param>
    /// <exception cref="Spead2Exception">The group takes no more members.</exception>
    public NativeStream(
        ReceiveStreamOptions options,
        IoThreads threads,
        EngineLog log,
        IReadOnlyList<byte[]> customNames,
        Action<LiveHeap?>? onHeap,
        ChunkOptions? chunks,
        NativeChunkGroup? group)
    {
        Core = NewCore(options, threads, log, onHeap, chunks is null ? null : new(group!.Core, chunks));
        _group = group;
        _ringLimit = Core.Ring is null ? 0 : options.RingHeaps;
        if (Core.Ring is { } ring)
        {
            ring.Ready = Ready.Call;
        }

        Statistics = new(options.CustomStatistics, customNames);
    }

    public StreamCore Core { get; }

    /// <summary>Calls that run.</summary>
    public CallCounter Calls { get; } = new();

    public ReadyCallback Ready { get; } = new();

    public StatisticList Statistics { get; }

    /// <summary>The stream with its statistics page; null if it has none.</summary>
    public PublishedStream? Published => Volatile.Read(ref _published);

    /// <summary>What finished heaps wait in until they are popped.</summary>
    /// <exception cref="Spead2Exception">A function takes every heap.</exception>
    public RingSink RingFor(string function) => Core.Ring ?? throw Failure.State(
        $"{function}: the stream was made with sp2_receive_options.{(_group is null ? "on_heap" : "chunks")}, which takes every heap");

    /// <summary>Makes a statistics page.</summary>
    /// <exception cref="Spead2Exception">There is one.</exception>
    [SupportedOSPlatform("linux")]
    public void Publish(string name, string function)
    {
        PublishedStream published = new(Core, name, _ringLimit);
        if (Interlocked.CompareExchange(ref _published, published, null) is not null)
        {
            throw Failure.State($"{function}: the stream is published already");
        }

        try
        {
            published.Open();
        }
        catch
        {
            Volatile.Write(ref _published, null);
            throw;
        }
    }

    /// <summary>Sets how packets are copied, by a user-supplied function if there is one.</summary>
    public void SetCopy(CopyMethod method, PacketCopier? copier)
    {
        lock (Core.Gate)
        {
            Core.Copy.Method = method;
            Core.Copy.User = copier;
        }
    }

    /// <summary>Sets where payloads live; gives the allocator that was set before, with the stream's reference to it.</summary>
    public CountedAllocator? ExchangeAllocator(CountedAllocator? allocator)
    {
        PayloadMemory? memory = allocator is null ? null : new(allocator, Core.Log, Core.Tally.CustomBatch);
        lock (Core.Gate)
        {
            CountedAllocator? old = (CountedAllocator?)Core.Ingest.Memory?.Allocator;
            Core.Ingest.Memory = memory;
            return old;
        }
    }

    /// <summary>Ends the stream, after the calls that are still running. Once.</summary>
    public void Destroy()
    {
        Core.Stop();
        Calls.Close();
        Published?.Close();
        Core.Destroy(wait: true);
        ExchangeAllocator(null)?.Release();
        _group?.Release();
    }

    private static StreamCore NewCore(
        ReceiveStreamOptions options, IoThreads threads, EngineLog log, Action<LiveHeap?>? onHeap, ChunkMembership? chunks)
    {
        try
        {
            return new(options, threads, log, onHeap, chunks);
        }
        catch (InvalidOperationException) when (chunks is not null)
        {
            throw Failure.State(chunks.Group.Look() == ReadResult.Stopped
                ? "sp2_receive_stream_create: the chunk group has ended; make a new one"
                : $"sp2_receive_stream_create: the chunk group has all of its {chunks.Group.Members} members " +
                    "(sp2_chunk_group_options.members), or has ended");
        }
    }
}
