// SPDX-License-Identifier: MIT

using FsCheck.Fluent;
using Spead2.Items.Codecs;

namespace Spead2.Tests.Items.Codecs;

/// <summary>Integers that are too wide for a type of the machine.</summary>
[TestFixture]
public sealed class BitCodecBigTests
{
    private const int Cases = 5000;

    [Test]
    public void Integer_is_that_of_the_model() =>
        Seeded.ForAll(
            from layout in BitLayout.Generator(maxWidth: 300)
            from signed in Gen.Elements(false, true)
            from bytes in Gen.ArrayOf(Gen.OneOf(Gen.Elements(0, 255), Gen.Choose(0, 255)).Select(b => (byte)b), 50)
            select (layout, signed, bytes),
            Cases,
            sample =>
            {
                (BitLayout layout, bool signed, byte[] bytes) = sample;

                Assert.That(
                    BitCodec.ReadBig(bytes, layout.FirstBit, layout.Width, signed),
                    Is.EqualTo(NaiveBits.ReadBig(bytes, layout.FirstBit, layout.Width, signed)));
            });

    [Test]
    [Platform("Linux")]
    public void Nothing_outside_of_the_memory_is_touched()
    {
        using var memory = new GuardedMemory(100);
        for (int width = 1; width <= 8 * 40; width++)
        {
            int count = (width + 7) / 8;
            Span<byte> bytes = memory.AtEnd<byte>(count);
            bytes.Fill(0xa5);

            Assert.That(
                BitCodec.ReadBig(bytes, (8 * count) - width, width, signed: true),
                Is.EqualTo(NaiveBits.ReadBig(bytes, (8 * count) - width, width, signed: true)));
        }
    }

    [TestCase(-1L, 1)]
    [TestCase(0L, 0)]
    [TestCase(0L, -1)]
    [TestCase(0L, 73)]
    [TestCase(72L, 1)]
    [TestCase(long.MaxValue, int.MaxValue)]
    public void Integer_that_does_not_lie_in_the_memory_is_refused(long firstBit, int width) =>
        Assert.That(
            () => BitCodec.ReadBig(new byte[9], firstBit, width, signed: false),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
}
