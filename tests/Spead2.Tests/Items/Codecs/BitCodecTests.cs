// SPDX-License-Identifier: MIT

using System.Numerics;
using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using Spead2.Items.Codecs;

namespace Spead2.Tests.Items.Codecs;

/// <summary>Integers of any number of bits in each type, against a model that goes bit by bit.</summary>
[TestFixture(typeof(byte))]
[TestFixture(typeof(sbyte))]
[TestFixture(typeof(ushort))]
[TestFixture(typeof(short))]
[TestFixture(typeof(uint))]
[TestFixture(typeof(int))]
[TestFixture(typeof(ulong))]
[TestFixture(typeof(long))]
public sealed class BitCodecTests<T>
    where T : unmanaged, IBinaryInteger<T>
{
    private const int Cases = 2000;
    private static readonly int TypeWidth = Unsafe.SizeOf<T>() * 8;

    [Test]
    public void Unpacked_elements_are_those_of_the_model([Values] bool isSigned)
    {
        Random random = Seeded.Random();
        foreach (BitLayout layout in BitLayout.All(TypeWidth))
        {
            byte[] bytes = new byte[layout.ByteCount];
            random.NextBytes(bytes);
            T[] elements = new T[layout.Count];

            BitCodec.Unpack<T>(bytes, layout.FirstBit, layout.Width, layout.Stride, isSigned, elements);

            AssertUnpacked(layout, isSigned, bytes, elements);
        }
    }

    [Test]
    public void Packed_bytes_are_those_of_the_model_and_bits_around_stay()
    {
        Random random = Seeded.Random();
        foreach (BitLayout layout in BitLayout.All(TypeWidth))
        {
            byte[] expected = new byte[layout.ByteCount + 1];
            random.NextBytes(expected);
            byte[] bytes = [.. expected];
            T[] elements = Elements(random, layout.Count);
            for (int i = 0; i < elements.Length; i++)
            {
                long bit = layout.FirstBit + ((long)i * layout.Stride);
                NaiveBits.Write(expected, bit, layout.Width, Int128.CreateChecked(elements[i]));
            }

            BitCodec.Pack<T>(elements, layout.Width, bytes, layout.FirstBit, layout.Stride);

            Assert.That(bytes.AsSpan().SequenceEqual(expected), Is.True, $"{layout}");
        }
    }

    [Test]
    public void Elements_that_fit_come_back_as_they_were() =>
        Seeded.ForAll(
            from layout in BitLayout.Generator(TypeWidth)
            from seed in Gen.Choose(0, int.MaxValue)
            select (layout, seed),
            Cases,
            sample =>
            {
                (BitLayout layout, int seed) = sample;
                bool signed = T.IsNegative(T.AllBitsSet);
                int unused = TypeWidth - layout.Width;
                T[] elements =
                    [.. Elements(new Random(seed), layout.Count).Select(element => (element << unused) >> unused)];
                byte[] bytes = new byte[layout.ByteCount];
                T[] back = new T[layout.Count];

                BitCodec.Pack<T>(elements, layout.Width, bytes, layout.FirstBit, layout.Stride);
                BitCodec.Unpack<T>(bytes, layout.FirstBit, layout.Width, layout.Stride, signed, back);

                Assert.That(back, Is.EqualTo(elements));
            });

    [Test]
    [Platform("Linux")]
    public void Nothing_outside_of_the_memory_is_touched([Values] bool atEnd)
    {
        Random random = Seeded.Random();
        using var source = new GuardedMemory(BitLayout.All(TypeWidth).Max(layout => layout.ByteCount));
        using var destination = new GuardedMemory(BitLayout.All(TypeWidth).Max(layout => layout.Count) * sizeof(ulong));
        foreach (BitLayout layout in BitLayout.All(TypeWidth))
        {
            Span<byte> bytes = atEnd ? source.AtEnd<byte>(layout.ByteCount) : source.AtStart<byte>(layout.ByteCount);
            Span<T> elements = atEnd ? destination.AtEnd<T>(layout.Count) : destination.AtStart<T>(layout.Count);
            random.NextBytes(bytes);

            BitCodec.Unpack(bytes, layout.FirstBit, layout.Width, layout.Stride, signed: true, elements);

            AssertUnpacked(layout, true, bytes, elements);
            byte[] before = bytes.ToArray();
            BitCodec.Pack<T>(elements, layout.Width, bytes, layout.FirstBit, layout.Stride);
            Assert.That(bytes.SequenceEqual(before), Is.True, $"{layout}");
        }
    }

    [Test]
    [Platform("Linux")]
    public void Elements_that_do_not_lie_in_the_memory_are_refused()
    {
        using var memory = new GuardedMemory(1000);
        Gen<int> any = Gen.OneOf(Gen.Choose(-2, 130), Gen.Elements(int.MinValue, int.MaxValue, 1 << 16));
        Gen<long> anyBit =
            Gen.OneOf(Gen.Choose(-1, 900).Select(b => (long)b), Gen.Elements(long.MinValue, long.MaxValue));
        Seeded.ForAll(
            from byteCount in Gen.Choose(0, 100)
            from count in Gen.Choose(0, 100)
            from firstBit in anyBit
            from width in any
            from stride in Gen.OneOf(any, Gen.Constant(width))
            select (byteCount, count, firstBit, width, stride),
            5 * Cases,
            sample =>
            {
                (int byteCount, int count, long firstBit, int width, int stride) = sample;
                T[] elements = new T[count];
                BigInteger end = count == 0 ? firstBit : firstBit + ((count - 1) * (BigInteger)stride) + width;
                bool isWidth = width >= 1 && width <= TypeWidth;
                bool fits = isWidth && stride >= width && firstBit >= 0 && end <= 8 * byteCount;

                Assert.That(
                    () => BitCodec.Unpack<T>(
                        memory.AtEnd<byte>(byteCount), firstBit, width, stride, signed: false, elements),
                    fits ? Throws.Nothing : Throws.InstanceOf<ArgumentOutOfRangeException>());
                Assert.That(
                    () => BitCodec.Pack<T>(elements, width, memory.AtEnd<byte>(byteCount), firstBit, stride),
                    fits ? Throws.Nothing : Throws.InstanceOf<ArgumentOutOfRangeException>());
            });
    }

    private static void AssertUnpacked(
        BitLayout layout, bool signed, ReadOnlySpan<byte> bytes, ReadOnlySpan<T> elements)
    {
        for (int i = 0; i < elements.Length; i++)
        {
            Int128 expected = NaiveBits.Read(
                bytes, layout.FirstBit + ((long)i * layout.Stride), layout.Width, signed);
            if (elements[i] != T.CreateTruncating(expected))
            {
                Assert.Fail($"{layout}, signed {signed}: element {i} is {elements[i]}, not {expected}.");
            }
        }
    }

    private static T[] Elements(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => T.CreateTruncating(random.NextInt64(long.MinValue, long.MaxValue)))];
}
