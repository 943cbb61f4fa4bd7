// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Receive;
using Spead2.Testing.Vectors;

namespace Spead2.Testing.Engines;

/// <summary>Packets byte for byte through the native core, and what it must report.</summary>
public sealed class VectorTests
{
    [TestCaseSource(typeof(Vector), nameof(Vector.All))]
    public void Stream_reports_what_the_vector_says(Vector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using ReceiveStream stream = new(StreamOptions.Of(vector));
        using PacketSource source = Feed(stream, vector);

        foreach (ExpectedHeap expected in vector.Heaps)
        {
            using Heap heap = stream.Read();
            AssertHeap(heap, expected);
            AssertItemBytes(heap);
        }

        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        vector.AssertStatistics(stream.Statistics);
        Assert.That(source.SuggestedDialect, vector.Suggests is null ? Is.Null.Or.Not.Null : Is.EqualTo(vector.Suggests));
    }

    [Test]
    public void There_are_vectors() => Assert.That(Vector.All.Count(), Is.GreaterThan(80));

    private static PacketSource Feed(ReceiveStream stream, Vector vector)
    {
        Dialect? dialect = vector.Dialect is null ? null : Dialect.Find(vector.Dialect);
        return stream.Add(vector.FeedsBuffer
            ? new BufferSourceOptions { Packets = vector.Packets.SelectMany(packet => packet).ToArray(), Dialect = dialect }
            : new DatagramSourceOptions { Datagrams = [.. vector.Packets], Dialect = dialect });
    }

    private static void AssertHeap(Heap heap, ExpectedHeap expected) => Assert.Multiple(() =>
    {
        Assert.That(heap.Cnt, Is.EqualTo(expected.Cnt));
        Assert.That(heap.Flavour.AddressBits, Is.EqualTo(expected.AddressBits));
        Assert.That(StateOf(heap), Is.EqualTo(expected.State));
        Assert.That(heap.HeapLength, Is.EqualTo(expected.HeapLength));
        Assert.That(heap.ReceivedLength, Is.EqualTo(expected.ReceivedLength));
        Assert.That(heap.IsStartOfStream, Is.EqualTo(expected.IsStartOfStream));
        Assert.That(heap.IsEndOfStream, Is.EqualTo(expected.IsEndOfStream));
        Assert.That(heap.PayloadRanges, Is.EqualTo(expected.Ranges));
        Assert.That(heap.Items.Select(Described), Is.EqualTo(expected.Items));
        Assert.That(
            heap.Payload.ToArray().Select(
                (value, i) => expected.Payload.ElementAtOrDefault(i) is null ? null : (byte?)value),
            Is.EqualTo(expected.Payload));
    });

    private static string StateOf(Heap heap) =>
        heap.IsComplete ? "complete" : heap.IsContiguous ? "contiguous" : "incomplete";

    private static ExpectedItem Described(RawItem item) =>
        new(item.Id, item.IsImmediate, item.IsImmediate ? (long)item.Value : item.Offset, item.Length);

    private static void AssertItemBytes(Heap heap)
    {
        foreach (RawItem item in heap.Items)
        {
            byte[] expected = item.IsImmediate
                ? BigEndian(item.Value, heap.Flavour.AddressBits / 8)
                : heap.Payload.Slice(item.Offset, item.Length).ToArray();
            Assert.That(item.Bytes.ToArray(), Is.EqualTo(expected));
        }
    }

    private static byte[] BigEndian(ulong value, int length)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes[^length..];
    }
}
