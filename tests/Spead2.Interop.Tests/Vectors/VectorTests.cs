// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Receive;

namespace Spead2.Interop.Tests.Vectors;

/// <summary>Packets byte for byte through the native core, and what it must report.</summary>
public sealed class VectorTests
{
    private static IEnumerable<TestCaseData> All =>
        Vector.ReadAll(Path.Combine(AppContext.BaseDirectory, "vectors"))
            .Select(vector => new TestCaseData(vector).SetArgDisplayNames(vector.Name));

    [TestCaseSource(nameof(All))]
    public void Stream_reports_what_the_vector_says(Vector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using ReceiveStream stream = new(vector.Options);
        Feed(stream, vector);

        foreach (HeapText expected in vector.Heaps)
        {
            using Heap heap = stream.Read();
            Assert.That(HeapText.Of(heap, expected).Lines, Is.EqualTo(expected.Lines));
            AssertItemBytes(heap);
        }

        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        AssertStatistics(stream.Statistics, vector.Statistics);
    }

    [Test]
    public void There_are_vectors() => Assert.That(All.Count(), Is.GreaterThan(80));

    private static void Feed(ReceiveStream stream, Vector vector)
    {
        if (vector.FeedsBuffer)
        {
            stream.AddBufferReader(vector.Packets.SelectMany(packet => packet.ToArray()).ToArray());
        }
        else
        {
            stream.AddDatagramReader(vector.Packets);
        }
    }

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

    private static void AssertStatistics(StreamStatistics statistics, IReadOnlyDictionary<string, string> expected)
    {
        Assert.That(expected.Keys, Is.SubsetOf(statistics.Select(pair => pair.Key)));
        Assert.Multiple(() =>
        {
            foreach ((string name, long value) in statistics)
            {
                string text = expected.GetValueOrDefault(name, "0");
                Assert.That($"{value}", Is.EqualTo(text == "any" ? $"{value}" : text), name);
            }
        });
    }
}
