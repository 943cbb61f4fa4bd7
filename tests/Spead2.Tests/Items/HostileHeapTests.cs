// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Testing.Items;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>Heaps that nobody means well: they cost their items, and little else.</summary>
public sealed class HostileHeapTests
{
    private const int Cases = 20_000;
    private const long MostBytes = 1 << 24;

    [Test]
    public void Changed_heaps_are_taken_with_failures_or_without()
    {
        int seed = int.TryParse(
            Environment.GetEnvironmentVariable("SPEAD2_TEST_SEED"), CultureInfo.InvariantCulture, out int given)
            ? given
            : Random.Shared.Next();
        TestContext.Out.WriteLine($"SPEAD2_TEST_SEED={seed}");
        Random random = new(seed);
        int failed = 0;
        for (int i = 0; i < Cases; i++)
        {
            using RandomItemGroup sent = new(random.Next());
            PacketEncoder encoder = new(sent.Flavour, 1 << 16);
            HeapToSend heap = new();
            foreach (ItemToSend item in new HeapGenerator(sent.Items, sent.Flavour).Next().Items)
            {
                heap.AddItem(item.Id, Change(random, item.Data.ToArray()), item.AllowImmediate);
            }

            encoder.Begin(heap, 1);
            using Heap received = PacketHeap.Of(Packets.EncodeRest(encoder), sent.Flavour.BugCompat);
            long before = GC.GetAllocatedBytesForCurrentThread();
            failed += Use(received);
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.That(bytes, Is.LessThan(MostBytes), $"case {i}: {sent}");
        }

        Assert.That(failed, Is.GreaterThan(Cases / 20).And.LessThan(Cases), "both happen");
    }

    [TestCase("(1099511627776,)", "'|u1'")]
    [TestCase("(2147483591,)", "'<f8'")]
    [TestCase("(1, 2147483591, 1)", "[('a', '|u1', (268435455,))]")]
    public void Large_arrays_in_small_items_fail_before_memory_is_taken(string shape, string descr)
    {
        using ItemGroup items = new();
        HeapToSend heap = new();
        heap.AddDescriptor(RawDescriptor.Encode(
            7, "x", dtype: $"{{'descr': {descr}, 'fortran_order': True, 'shape': {shape}}}"));
        heap.AddItem(7, new byte[1]);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
        received.Items.AsSpan();

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(items.Update(received).Failed, Has.Count.EqualTo(1));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(100_000));
    }

    [Test]
    public void Broken_descriptors_cost_little_and_are_tried_again()
    {
        // Far above what a heap has to say, far below what it can bring.
        const int most = 1000;
        const int descriptors = 5000;
        HeapToSend heap = new();
        for (int i = 0; i < descriptors; i++)
        {
            heap.AddDescriptor(RawDescriptor.Encode(0x1000 + i, $"x{i}", dtype: "{'descr': '<u3'}"));
        }

        heap.AddDescriptor(RawDescriptor.Encode(0x7000, "good", dtype: "{'descr': '|u1', 'fortran_order': False, 'shape': ()}"));
        using Heap received = PacketHeap.Of(
            [.. Packets.Encode(heap, 1, Packets.Flavour48, maxPacketSize: 1 << 15)]);
        using ItemGroup items = new();
        int thrown = 0;
        int thread = Environment.CurrentManagedThreadId;
        void Count(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs e) =>
            thrown += Environment.CurrentManagedThreadId == thread ? 1 : 0;

        AppDomain.CurrentDomain.FirstChanceException += Count;
        for (int i = 0; i <= descriptors / most; i++)
        {
            int before = thrown;
            var time = System.Diagnostics.Stopwatch.StartNew();
            Assert.That(items.Update(received).Failed, Has.Count.EqualTo(Math.Max(descriptors + 1 - (i * most) - most, 0)
                + (i * most < descriptors ? most : 0)));
            TestContext.Out.WriteLine($"{thrown - before} exceptions, {time.ElapsedMilliseconds} ms");
            Assert.That(thrown - before, Is.LessThanOrEqualTo(most));
        }

        AppDomain.CurrentDomain.FirstChanceException -= Count;
        Assert.That(items["good"].Type.ToString(), Is.EqualTo("|u1"), "each heap gets further");
    }

    // Returns 1 if something of the heap cannot be interpreted.
    private static int Use(Heap heap)
    {
        using ItemGroup items = new();
        UpdatedItems updated = items.Update(heap);
        foreach (Item item in updated)
        {
            _ = item.Value.ToString();
            _ = item.Value.ToObject();
            if (item.Type.NativeType == typeof(Complex))
            {
                _ = item.AsTensor<Complex>().FlattenedLength;
            }
        }

        return updated.Failed.Count > 0 ? 1 : 0;
    }

    private static byte[] Change(Random random, byte[] bytes)
    {
        for (int changes = random.Next(4); changes > 0 && bytes.Length > 0; changes--)
        {
            int at = random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes = bytes[..at];
                    break;
                default:
                    bytes = [.. bytes[..at], .. bytes.AsSpan(random.Next(at + 1))];
                    break;
            }
        }

        return bytes;
    }
}
