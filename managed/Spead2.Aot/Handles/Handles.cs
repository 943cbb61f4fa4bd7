// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>The objects that arguments stand for.</summary>
internal static unsafe class Handles
{
    /// <exception cref="Spead2Exception">The argument is NULL or not a stream of this library.</exception>
    public static StreamCall Stream(sp2_receive_stream* stream, string function)
    {
        NativeStream? found = HandleTable.Find<NativeStream>(HandleKind.Stream, stream);
        return found is not null && found.Calls.TryEnter() ? new(found) : throw Refuse(stream, function, "stream");
    }

    /// <exception cref="Spead2Exception">The argument is NULL or not a send stream of this library.</exception>
    public static SendCall SendStream(sp2_send_stream* stream, string function)
    {
        NativeSendStream? found = HandleTable.Find<NativeSendStream>(HandleKind.SendStream, stream);
        return found is not null && found.Calls.TryEnter() ? new(found) : throw Refuse(stream, function, "stream");
    }

    /// <exception cref="Spead2Exception">The argument is NULL or not a heap to send of this library.</exception>
    public static NativeSendHeap SendHeap(sp2_send_heap* heap, string function) =>
        HandleTable.Find<NativeSendHeap>(HandleKind.SendHeap, heap) ?? throw Refuse(heap, function, "heap");

    /// <exception cref="Spead2Exception">The argument is NULL or not a queue of this library.</exception>
    public static InprocQueue InprocQueue(sp2_inproc_queue* queue, string function, string argument) =>
        HandleTable.Find<InprocQueue>(HandleKind.InprocQueue, queue) ?? throw Refuse(queue, function, argument);

    /// <exception cref="Spead2Exception">The argument is NULL or not a chunk that the program owns.</exception>
    public static NativeChunk Chunk(sp2_chunk* chunk, string function) =>
        HandleTable.Find<NativeChunk>(HandleKind.Chunk, chunk) ?? throw Refuse(chunk, function, "chunk");

    /// <exception cref="Spead2Exception">The argument is NULL or not a chunk group of this library.</exception>
    public static ChunkGroupCall ChunkGroup(sp2_chunk_group* group, string function, string argument)
    {
        NativeChunkGroup? found = HandleTable.Find<NativeChunkGroup>(HandleKind.ChunkGroup, group);
        return found is not null && found.Calls.TryEnter() ? new(found) : throw Refuse(group, function, argument);
    }

    /// <exception cref="Spead2Exception">The argument is NULL or not a heap of this library.</exception>
    public static NativeHeap Heap(sp2_heap* heap, string function) =>
        HandleTable.Find<NativeHeap>(HandleKind.Heap, heap) ?? throw Refuse(heap, function, "heap");

    /// <exception cref="Spead2Exception">The argument is NULL or not a packet source of this library.</exception>
    public static NativeSource Source(sp2_packet_source* source, string function) =>
        HandleTable.Find<NativeSource>(HandleKind.PacketSource, source) ?? throw Refuse(source, function, "source");

    /// <summary>The allocator, which is held for the caller.</summary>
    /// <exception cref="Spead2Exception">The argument is NULL or not an allocator of this library.</exception>
    public static CountedAllocator HeldAllocator(sp2_allocator* allocator, string function, string argument)
    {
        CountedAllocator? found = HandleTable.Find<CountedAllocator>(HandleKind.Allocator, allocator);
        return found is not null && found.TryRetain() ? found : throw Refuse(allocator, function, argument);
    }

    /// <summary>The threads of a pool, which are held for the caller.</summary>
    /// <exception cref="Spead2Exception">The argument is NULL or not a thread pool of this library.</exception>
    public static IoThreads HeldThreads(sp2_thread_pool* pool, string function, string argument)
    {
        IoThreads? found = HandleTable.Find<IoThreads>(HandleKind.ThreadPool, pool);
        return found is not null && found.TryRetain() ? found : throw Refuse(pool, function, argument);
    }

    /// <summary>What is wrong with an argument that stands for no object.</summary>
    public static Spead2Exception Refuse(void* handle, string function, string argument) => handle is null
        ? Failure.Null(function, argument)
        : Failure.Argument(
            $"{function}: {argument} is 0x{(ulong)handle:x}, which is not what this library has given, or not valid " +
            "any more");
}
