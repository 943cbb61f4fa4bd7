// SPDX-License-Identifier: MIT

using Spead2.Items.Codecs;

namespace Spead2.Tests.Items.Codecs;

/// <summary>Copies with a change of byte order.</summary>
[TestFixture]
public sealed class ByteOrderCodecTests
{
    [Test]
    [Platform("Linux")]
    public void Each_element_is_reversed_or_copied_within_the_memory(
        [Values(1, 2, 3, 4, 8, 10, 16)] int elementSize, [Values] bool swap, [Values] bool atEnd)
    {
        Random random = Seeded.Random();
        using var from = new GuardedMemory(200 * elementSize);
        using var to = new GuardedMemory(200 * elementSize);
        for (int count = 0; count <= 200; count++)
        {
            int length = count * elementSize;
            Span<byte> source = atEnd ? from.AtEnd<byte>(length) : from.AtStart<byte>(length);
            Span<byte> destination = atEnd ? to.AtEnd<byte>(length) : to.AtStart<byte>(length);
            random.NextBytes(source);

            ByteOrderCodec.Copy(source, destination, elementSize, swap);

            Assert.That(destination.SequenceEqual(Expected(source.ToArray(), elementSize, swap)), Is.True, $"{count}");
        }
    }

    [Test]
    public void Memory_may_begin_anywhere(
        [Values(2, 4, 8)] int elementSize, [Values(1, 3, 7)] int from, [Values(2, 5)] int to)
    {
        byte[] source = new byte[1000];
        Seeded.Random().NextBytes(source);
        byte[] destination = new byte[1000];

        ByteOrderCodec.Copy(
            source.AsSpan(from, 99 * elementSize), destination.AsSpan(to, 99 * elementSize), elementSize, swap: true);

        Assert.That(
            destination[to..(to + (99 * elementSize))],
            Is.EqualTo(Expected(source[from..(from + (99 * elementSize))], elementSize, swap: true)));
        Assert.That(destination[..to].Concat(destination[(to + (99 * elementSize))..]), Is.All.Zero);
    }

    [Test]
    public void Elements_can_be_swapped_where_they_are([Values(2, 3, 4, 8)] int elementSize)
    {
        byte[] bytes = new byte[77 * elementSize];
        Seeded.Random().NextBytes(bytes);
        byte[] expected = Expected(bytes, elementSize, swap: true);

        ByteOrderCodec.Copy(bytes, bytes, elementSize, swap: true);

        Assert.That(bytes, Is.EqualTo(expected));
    }

    [TestCase(4, 4, 0)]
    [TestCase(4, 4, -1)]
    [TestCase(4, 4, 3)]
    [TestCase(4, 8, 4)]
    [TestCase(8, 4, 4)]
    public void Lengths_that_make_no_sense_are_refused(int source, int destination, int elementSize) =>
        Assert.That(
            () => ByteOrderCodec.Copy(new byte[source], new byte[destination], elementSize, swap: true),
            Throws.InstanceOf<ArgumentException>());

    [Test]
    public void Elements_are_not_swapped_onto_a_part_of_themselves()
    {
        byte[] bytes = new byte[100];

        Assert.That(
            () => ByteOrderCodec.Copy(bytes.AsSpan(0, 90), bytes.AsSpan(2, 90), 3, swap: true),
            Throws.ArgumentException);
    }

    private static byte[] Expected(byte[] bytes, int elementSize, bool swap) =>
        [.. bytes.Chunk(elementSize).SelectMany(element => swap ? element.Reverse() : element)];
}
