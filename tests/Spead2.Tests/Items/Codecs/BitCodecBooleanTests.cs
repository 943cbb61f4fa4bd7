// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Items.Codecs;

namespace Spead2.Tests.Items.Codecs;

/// <summary>Booleans of any number of bits, against a model that goes bit by bit.</summary>
[TestFixture]
public sealed class BitCodecBooleanTests
{
    // Wider than any integer.
    private const int MaxWidth = 150;

    [Test]
    public void Unpacked_boolean_is_true_if_any_of_its_bits_is_set()
    {
        Random random = Seeded.Random();
        foreach (BitLayout layout in BitLayout.All(MaxWidth))
        {
            byte[] bytes = SparseBytes(random, layout.ByteCount);
            bool[] elements = new bool[layout.Count];

            BitCodec.UnpackBool(bytes, layout.FirstBit, layout.Width, layout.Stride, elements);

            AssertUnpacked(layout, bytes, elements);
        }
    }

    [Test]
    public void Unpacked_booleans_are_0_or_1_in_memory([Values(1, 3, 8)] int width)
    {
        byte[] bytes = new byte[1000];
        Seeded.Random().NextBytes(bytes);
        bool[] elements = new bool[bytes.Length * 8 / width];

        BitCodec.UnpackBool(bytes, 0, width, width, elements);

        Assert.That(MemoryMarshal.AsBytes<bool>(elements).ContainsAnyExcept<byte>(0, 1), Is.False);
    }

    [Test]
    public void Packed_booleans_are_the_integers_0_and_1_and_bits_around_stay()
    {
        Random random = Seeded.Random();
        foreach (BitLayout layout in BitLayout.All(MaxWidth))
        {
            byte[] expected = new byte[layout.ByteCount + 1];
            random.NextBytes(expected);
            byte[] bytes = [.. expected];
            bool[] elements = new bool[layout.Count];

            // True is any byte but 0 where a boolean comes from other code.
            SparseBytes(random, layout.Count).AsSpan().CopyTo(MemoryMarshal.AsBytes(elements.AsSpan()));
            for (int i = 0; i < elements.Length; i++)
            {
                NaiveBits.Write(
                    expected, layout.FirstBit + ((long)i * layout.Stride), layout.Width, elements[i] ? 1 : 0);
            }

            BitCodec.PackBool(elements, layout.Width, bytes, layout.FirstBit, layout.Stride);

            Assert.That(bytes.AsSpan().SequenceEqual(expected), Is.True, $"{layout}");
        }
    }

    [Test]
    [Platform("Linux")]
    public void Nothing_outside_of_the_memory_is_touched([Values] bool atEnd)
    {
        Random random = Seeded.Random();
        using var source = new GuardedMemory(BitLayout.All(MaxWidth).Max(layout => layout.ByteCount));
        using var destination = new GuardedMemory(BitLayout.All(MaxWidth).Max(layout => layout.Count));
        foreach (BitLayout layout in BitLayout.All(MaxWidth))
        {
            Span<byte> bytes = atEnd ? source.AtEnd<byte>(layout.ByteCount) : source.AtStart<byte>(layout.ByteCount);
            Span<bool> elements =
                atEnd ? destination.AtEnd<bool>(layout.Count) : destination.AtStart<bool>(layout.Count);
            SparseBytes(random, layout.ByteCount).CopyTo(bytes);

            BitCodec.UnpackBool(bytes, layout.FirstBit, layout.Width, layout.Stride, elements);

            AssertUnpacked(layout, bytes, elements);
            BitCodec.PackBool(elements, layout.Width, bytes, layout.FirstBit, layout.Stride);
            AssertUnpacked(layout, bytes, elements);
        }
    }

    [TestCase(-1L, 1, 1, 1)]
    [TestCase(0L, 0, 1, 1)]
    [TestCase(0L, 2, 1, 1)]
    [TestCase(73L, 1, 1, 0)]
    [TestCase(72L, 1, 1, 1)]
    [TestCase(0L, 1, 1, 73)]
    [TestCase(0L, 73, 73, 1)]
    [TestCase(1L, 1, int.MaxValue, 2)]
    [TestCase(long.MaxValue, int.MaxValue, int.MaxValue, 100)]
    public void Elements_that_do_not_lie_in_the_memory_are_refused(long firstBit, int width, int stride, int count)
    {
        byte[] bytes = new byte[9];
        bool[] elements = new bool[count];

        Assert.That(
            () => BitCodec.UnpackBool(bytes, firstBit, width, stride, elements),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => BitCodec.PackBool(elements, width, bytes, firstBit, stride),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static void AssertUnpacked(BitLayout layout, ReadOnlySpan<byte> bytes, ReadOnlySpan<bool> elements)
    {
        for (int i = 0; i < elements.Length; i++)
        {
            bool expected = false;
            for (int bit = 0; bit < layout.Width; bit++)
            {
                expected |= NaiveBits.Get(bytes, layout.FirstBit + ((long)i * layout.Stride) + bit);
            }

            if (elements[i] != expected)
            {
                Assert.Fail($"{layout}: element {i} is {elements[i]}.");
            }
        }
    }

    /// <summary>Bytes of which so many are 0 that wide elements are so, too.</summary>
    private static byte[] SparseBytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = random.Next(3) == 0 ? (byte)(1 << random.Next(8)) : (byte)0;
        }

        return bytes;
    }
}
