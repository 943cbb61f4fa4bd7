// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Tests.Receive;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HeapTests
{
    private const long LargestHeap = 150;

    // What UnmanagedHeap has beyond the one field of an engine's heap.
    private const long FieldsOfTest = 16;

    private readonly UnmanagedHeap.Counter _releases = new();

    private static readonly TestCaseData<Action<Heap>>[] Uses =
    [
        Use(heap => _ = heap.Cnt, "Cnt"),
        Use(heap => _ = heap.Flavour, "Flavour"),
        Use(heap => _ = heap.HeapLength, "HeapLength"),
        Use(heap => _ = heap.ReceivedLength, "ReceivedLength"),
        Use(heap => _ = heap.IsComplete, "IsComplete"),
        Use(heap => _ = heap.IsContiguous, "IsContiguous"),
        Use(heap => _ = heap.IsStartOfStream, "IsStartOfStream"),
        Use(heap => _ = heap.IsEndOfStream, "IsEndOfStream"),
        Use(heap => _ = heap.Payload, "Payload"),
        Use(heap => _ = heap.Items, "Items"),
        Use(heap => _ = heap.PayloadRanges, "PayloadRanges"),
    ];

    [Test]
    public void Members_tell_what_the_engine_told()
    {
        using Heap heap = UnmanagedHeap.Create(_releases, state: HeapState.Contiguous | HeapState.EndOfStream);

        Assert.Multiple(() =>
        {
            Assert.That(heap.Cnt, Is.EqualTo(7));
            Assert.That(heap.Flavour, Is.EqualTo(default(Flavour)));
            Assert.That(heap.HeapLength, Is.EqualTo(16));
            Assert.That(heap.ReceivedLength, Is.EqualTo(16));
            Assert.That(heap.IsComplete, Is.False);
            Assert.That(heap.IsContiguous, Is.True);
            Assert.That(heap.IsStartOfStream, Is.False);
            Assert.That(heap.IsEndOfStream, Is.True);
            Assert.That(heap.PayloadRanges, Is.EqualTo(new[] { new PayloadRange(0, 16) }));
            Assert.That(heap.PayloadRanges[0].Length, Is.EqualTo(16));
            Assert.That(heap.Payload.ToArray(), Is.EqualTo(Enumerable.Range(0, 16)));
        });
    }

    [Test]
    public void Range_has_the_bytes_from_its_start_to_its_end() =>
        Assert.That(new PayloadRange(16, 40).Length, Is.EqualTo(24));

    [Test]
    public void Items_are_slices_of_the_payload_or_values()
    {
        using Heap heap = UnmanagedHeap.Create(_releases);
        RawItem addressed = heap.Items[0];
        RawItem immediate = heap.Items[1];

        Assert.Multiple(() =>
        {
            Assert.That(addressed.Id, Is.EqualTo(0x1000));
            Assert.That(addressed.IsImmediate, Is.False);
            Assert.That(addressed.Offset, Is.EqualTo(4));
            Assert.That(addressed.Length, Is.EqualTo(8));
            Assert.That(addressed.Bytes.Equals(heap.Payload.Slice(4, 8)), Is.True);
            Assert.That(() => addressed.Value, Throws.InvalidOperationException);
            Assert.That(immediate.IsImmediate, Is.True);
            Assert.That(immediate.Value, Is.EqualTo(UnmanagedHeap.ImmediateValue));
            Assert.That(immediate.Bytes.ToArray(), Is.EqualTo(new byte[] { 1, 2, 3, 4, 5 }));
            Assert.That(() => immediate.Offset, Throws.InvalidOperationException);
        });
    }

    [Test]
    public void Items_are_read_from_the_engine_once_and_only_on_demand()
    {
        using UnmanagedHeap heap = UnmanagedHeap.Create(_releases);
        Assert.That(heap.ReadsOfItems, Is.Zero);

        int items = heap.Items.Length + heap.Items.Length;

        Assert.That(items, Is.EqualTo(4));
        Assert.That(heap.ReadsOfItems, Is.EqualTo(1));
    }

    [TestCaseSource(nameof(Uses))]
    public void Use_after_dispose_throws(Action<Heap> use)
    {
        Heap heap = UnmanagedHeap.Create(_releases);
        heap.Dispose();

        Assert.That(() => use(heap), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Memory_used_after_dispose_throws()
    {
        Heap heap = UnmanagedHeap.Create(_releases);
        ReadOnlyMemory<byte> payload = heap.Payload;
        ImmutableArray<RawItem> items = heap.Items;
        heap.Dispose();

        Assert.Multiple(() =>
        {
            Assert.That(() => payload.ToArray(), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => payload.Pin(), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => items[0].Bytes, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => items[1].Bytes, Throws.InstanceOf<ObjectDisposedException>());
        });
    }

    [Test]
    public void Empty_payload_is_empty_memory()
    {
        using Heap heap = UnmanagedHeap.Create(_releases, length: 0);

        Assert.That(heap.Payload.IsEmpty, Is.True);
    }

    [Test]
    public void Dispose_gives_memory_back_once()
    {
        Heap heap = UnmanagedHeap.Create(_releases);

        Parallel.For(0, 100, _ => heap.Dispose());

        Assert.That(_releases.Value, Is.EqualTo(1));
    }

    [TestCase(-1)]
    [TestCase(17)]
    public void Pinning_outside_of_the_payload_is_refused(int index)
    {
        using Heap heap = UnmanagedHeap.Create(_releases);
        Assert.That(MemoryMarshal.TryGetMemoryManager(heap.Payload, out MemoryManager<byte>? manager), Is.True);

        Assert.That(() => manager!.Pin(index), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public unsafe void Pinned_memory_stays_until_it_is_unpinned()
    {
        Heap heap = UnmanagedHeap.Create(_releases);
        MemoryHandle first = heap.Payload.Pin();
        MemoryHandle second = heap.Payload[3..].Pin();

        heap.Dispose();
        first.Dispose();
        Assert.That(_releases.Value, Is.Zero);
        Assert.That(*(byte*)second.Pointer, Is.EqualTo(3));

        second.Dispose();
        Assert.That(_releases.Value, Is.EqualTo(1));
    }

    [Test]
    public void Finalizer_gives_memory_back_once()
    {
        Abandon(_releases, pinned: false, disposed: false);
        Collect();

        Assert.That(_releases.Value, Is.EqualTo(1));
    }

    [Test]
    public void Finalizer_gives_memory_back_whose_pin_was_lost()
    {
        Abandon(_releases, pinned: true, disposed: true);
        Collect();

        Assert.That(_releases.Value, Is.EqualTo(1));
    }

    [Test]
    public void Finalizer_gives_memory_back_of_heaps_that_follow_disposed_ones()
    {
        // More than a thread keeps guards of, so that some are old and some new.
        const int Heaps = 100;
        List<Heap> disposed = [.. Enumerable.Range(0, Heaps).Select(_ => UnmanagedHeap.Create(_releases))];
        disposed.ForEach(heap => heap.Dispose());

        for (int i = 0; i < Heaps; i++)
        {
            Abandon(_releases, pinned: false, disposed: false);
        }

        Collect();
        Assert.That(_releases.Value, Is.EqualTo(2 * Heaps));
    }

    [Test]
    public void Heap_disposed_while_its_finalizer_is_due_does_not_end_the_next_one()
    {
        using var finalizers = new HeldFinalizers();
        DisposeUnreachable(_releases);
        UnmanagedHeap next = UnmanagedHeap.Create(_releases);
        finalizers.Dispose();
        Collect();
        Assert.That(_releases.Value, Is.EqualTo(1));
        Assert.That(next.Payload.Span[15], Is.EqualTo(15));

        next.Dispose();
        Assert.That(_releases.Value, Is.EqualTo(2));
    }

    [Test]
    public void Finalizer_gives_memory_back_of_a_heap_that_follows_one_disposed_while_its_finalizer_was_due()
    {
        using (new HeldFinalizers())
        {
            DisposeUnreachable(_releases);
        }

        Collect();
        Abandon(_releases, pinned: false, disposed: false);
        Collect();
        Assert.That(_releases.Value, Is.EqualTo(2));
    }

    [Test]
    public void Memory_keeps_an_undisposed_heap_alive()
    {
        ReadOnlyMemory<byte> payload = UnmanagedHeap.Create(_releases).Payload;
        Collect();

        Assert.That(_releases.Value, Is.Zero);
        Assert.That(payload.Span[15], Is.EqualTo(15));
    }

    [Test]
    public void Heap_disposed_on_another_thread_allocates_as_little()
    {
        const int Batches = 40;
        const int HeapsOfBatch = 32;
        using var toDispose = new BlockingCollection<Heap[]>();
        using var disposed = new SemaphoreSlim(0);
        var disposer = new Thread(() =>
        {
            foreach (Heap[] heaps in toDispose.GetConsumingEnumerable())
            {
                Array.ForEach(heaps, heap => heap.Dispose());
                disposed.Release();
            }
        });
        disposer.Start();
        Heap[] batch = new Heap[HeapsOfBatch];
        long allocated = 0;

        // The first batch makes the guards.
        for (int i = -1; i < Batches; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int heap = 0; heap < HeapsOfBatch; heap++)
            {
                batch[heap] = UnmanagedHeap.Create(_releases);
            }

            allocated += i < 0 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
            toDispose.Add(batch);
            disposed.Wait();
        }

        toDispose.CompleteAdding();
        disposer.Join();
        Assert.That(_releases.Value, Is.EqualTo((Batches + 1) * HeapsOfBatch));
        Assert.That(allocated / (Batches * HeapsOfBatch), Is.LessThanOrEqualTo(LargestHeap + FieldsOfTest));
    }

    [Test]
    public void Guards_of_heaps_disposed_on_many_threads_still_guard()
    {
        const int Rounds = 50;
        const int HeapsOfRound = 100;
        for (int round = 0; round < Rounds; round++)
        {
            Heap[] heaps = [.. Enumerable.Range(0, HeapsOfRound).Select(_ => UnmanagedHeap.Create(_releases))];
            Parallel.ForEach(heaps, heap => heap.Dispose());
        }

        for (int i = 0; i < HeapsOfRound; i++)
        {
            Abandon(_releases, pinned: false, disposed: false);
        }

        Collect();
        Assert.That(_releases.Value, Is.EqualTo((Rounds + 1) * HeapsOfRound));
    }

    [Test]
    public void Heap_that_its_finalizer_released_is_disposed()
    {
        var witness = new FinalizerWitness();
        Lose(_releases, witness);
        for (int i = 0; i < 10 && witness.Seen is null; i++)
        {
            Collect();
        }

        // The heap is back, from the finalizer of what referred to it; its memory is not.
        Heap heap = witness.Seen!;
        Assert.That(_releases.Value, Is.EqualTo(1));
        Assert.That(() => heap.Payload, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => heap.Cnt, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(heap.Hold, Throws.InstanceOf<ObjectDisposedException>());

        heap.Dispose();
        Assert.That(_releases.Value, Is.EqualTo(1));
    }

    [Test]
    public void Heap_whose_items_nobody_looks_at_allocates_little()
    {
        const int Heaps = 1000;
        UnmanagedHeap.Create(_releases).Dispose();

        long before = GC.GetAllocatedBytesForCurrentThread();
        int payload = 0;
        for (int i = 0; i < Heaps; i++)
        {
            using UnmanagedHeap heap = UnmanagedHeap.Create(_releases);
            payload += heap.Payload.Length;
        }

        long perHeap = (GC.GetAllocatedBytesForCurrentThread() - before) / Heaps;
        Assert.That(payload, Is.EqualTo(16 * Heaps));
        Assert.That(perHeap, Is.LessThanOrEqualTo(LargestHeap + FieldsOfTest));
    }

    private static TestCaseData<Action<Heap>> Use(Action<Heap> use, string name) =>
        new TestCaseData<Action<Heap>>(use).SetArgDisplayNames(name);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Abandon(UnmanagedHeap.Counter releases, bool pinned, bool disposed)
    {
        Heap heap = UnmanagedHeap.Create(releases);
        if (pinned)
        {
            _ = heap.Payload.Pin();
        }

        if (disposed)
        {
            heap.Dispose();
        }
    }

    // Disposes a heap that a collection has found unreachable, by a reference that is not affected by that.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void DisposeUnreachable(UnmanagedHeap.Counter releases)
    {
        WeakReference lost = Lose(releases);
        GC.Collect();
        ((Heap)lost.Target!).Dispose();
        Assert.That(releases.Value, Is.EqualTo(1));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Lose(UnmanagedHeap.Counter releases) =>
        new(UnmanagedHeap.Create(releases), trackResurrection: true);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Lose(UnmanagedHeap.Counter releases, FinalizerWitness witness) =>
        _ = new Finalized(UnmanagedHeap.Create(releases), witness);

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private sealed class FinalizerWitness
    {
        public Heap? Seen { get; set; }
    }

    // Has the heap in a finalizer of its own, after or before the one that sees to the heap.
    private sealed class Finalized(Heap heap, FinalizerWitness witness)
    {
        ~Finalized() => witness.Seen = heap;
    }
}
