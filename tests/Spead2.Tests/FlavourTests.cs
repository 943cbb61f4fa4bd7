// SPDX-License-Identifier: MIT

namespace Spead2.Tests;

public sealed class FlavourTests
{
    [Test]
    public void Default_is_64_40_without_bugs()
    {
        Assert.Multiple(() =>
        {
            Assert.That(default(Flavour), Is.EqualTo(new Flavour(40)));
            Assert.That(default(Flavour).AddressBits, Is.EqualTo(40));
            Assert.That(default(Flavour).BugCompat, Is.EqualTo(BugCompat.None));
            Assert.That(default(Flavour).ToString(), Is.EqualTo("SPEAD-64-40"));
        });
    }

    [Test]
    public void Every_multiple_of_8_up_to_56_is_an_address_width([Range(8, 56, 8)] int bits)
    {
        Flavour flavour = new(bits, BugCompat.ShapeBit1);

        Assert.Multiple(() =>
        {
            Assert.That(flavour.AddressBits, Is.EqualTo(bits));
            Assert.That(flavour.BugCompat, Is.EqualTo(BugCompat.ShapeBit1));
            Assert.That(flavour.ToString(), Is.EqualTo($"SPEAD-64-{bits}"));
        });
    }

    [TestCase(3, 64, 40, 0, "version", "must be 4")]
    [TestCase(4, 32, 40, 0, "itemPointerBits", "64 bits")]
    [TestCase(4, 64, 0, 0, "addressBits", "multiple of 8 from 8 to 56")]
    [TestCase(4, 64, -8, 0, "addressBits", "multiple of 8 from 8 to 56")]
    [TestCase(4, 64, 41, 0, "addressBits", "multiple of 8 from 8 to 56")]
    [TestCase(4, 64, 64, 0, "addressBits", "multiple of 8 from 8 to 56")]
    [TestCase(4, 64, 40, 8, "bugCompat", "bits 1, 2 and 4")]
    public void Value_that_breaks_its_rule_is_named(
        int version, int pointerBits, int addressBits, int bugCompat, string parameter, string rule)
    {
        Assert.That(
            () => new Flavour(version, pointerBits, addressBits, (BugCompat)bugCompat),
            Throws.InstanceOf<ArgumentOutOfRangeException>()
                .With.Property(nameof(ArgumentException.ParamName)).EqualTo(parameter)
                .And.Property(nameof(ArgumentOutOfRangeException.ActualValue)).Not.Null
                .And.Message.Contains(rule));
    }

    [Test]
    public void Equality_needs_same_address_bits_and_bugs()
    {
        Assert.Multiple(() =>
        {
            Assert.That(new Flavour(48), Is.EqualTo(new Flavour(4, 64, 48, BugCompat.None)));
            Assert.That(new Flavour(48), Is.Not.EqualTo(new Flavour(40)));
            Assert.That(new Flavour(48), Is.Not.EqualTo(new Flavour(48, BugCompat.SwapEndian)));
        });
    }
}
