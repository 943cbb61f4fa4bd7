// SPDX-License-Identifier: MIT

using Spead2.Tools.Output;

namespace Spead2.Tools.Tests;

/// <summary>Numbers as people read them.</summary>
public sealed class ReadableTests
{
    [TestCase(0, "0.00 Gb/s")]
    [TestCase(123.456, "123.46 Gb/s")]
    [TestCase(1, "1.00 Gb/s")]
    [TestCase(0.5, "500 Mb/s")]
    [TestCase(0.0123, "12.3 Mb/s")]
    [TestCase(0.001234, "1.23 Mb/s")]
    [TestCase(0.00000123, "1.23 kb/s")]
    public void Rate_has_the_unit_that_fits(double gigabits, string text) =>
        Assert.That(Readable.Rate(gigabits), Is.EqualTo(text));
}
