// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Allocators of native code, which live as long as anything uses them.</summary>
public sealed class NativeAllocatorTests
{
    private const int HeapSize = 5000;

    [Test]
    public void Heaps_outlive_the_pool_its_base_and_the_stream()
    {
        MmapAllocator allocator = new();
        MemoryPool pool = new(lower: 1, upper: HeapSize, maxFree: 2, initial: 2, allocator: allocator);
        allocator.Dispose();
        ReceiveStream stream = new() { MemoryAllocator = pool };
        pool.Dispose();
        pool.Dispose();
        stream.AddDatagramReader(Packets.OfHeaps(2, HeapSize));
        Heap[] heaps = [stream.Read(), stream.Read()];
        stream.Dispose();

        foreach (Heap heap in heaps)
        {
            Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content(heap.Cnt, HeapSize)), Is.True);
            heap.Dispose();
        }
    }

    [Test]
    public void Messages_of_a_pool_come_while_a_stream_uses_it()
    {
        RecordingLogger logger = new();
        MemoryPool pool = new(lower: 1, upper: HeapSize, maxFree: 1, initial: 0, logger: logger);
        using ReceiveStream stream = new() { MemoryAllocator = pool };
        pool.Dispose();
        stream.AddDatagramReader(Packets.OfHeap(1, HeapSize));
        stream.Read().Dispose();

        Poll.Until(() => logger.Messages.Count == 1, "the pool has warned");
    }

    [Test]
    public void Disposed_pool_has_no_state_to_tell()
    {
        MemoryPool pool = new(1, 2, 0, 0);
        pool.Dispose();

        Assert.That(() => pool.Statistics, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => pool.WarnOnEmpty, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => pool.WarnOnEmpty = true, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Disposed_allocator_of_native_code_is_refused()
    {
        MmapAllocator allocator = new();
        allocator.Dispose();
        allocator.Dispose();
        using ReceiveStream stream = new();

        Assert.That(() => stream.MemoryAllocator = allocator, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(stream.MemoryAllocator, Is.Null);
        Assert.That(
            () => new MemoryPool(1, 2, 0, 0, allocator: allocator), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Allocator_of_native_code_cannot_be_called_from_outside()
    {
        using MmapAllocator allocator = new();

        Assert.That(
            () => allocator.Allocate(1, default), Throws.InstanceOf<NotSupportedException>().With.Message.Contains(
                nameof(ReceiveStream)));
        Assert.That(() => allocator.Free(default), Throws.InstanceOf<NotSupportedException>());
    }
}
