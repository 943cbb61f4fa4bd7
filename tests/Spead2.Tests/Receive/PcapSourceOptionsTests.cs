// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Tests.Receive;

public sealed class PcapSourceOptionsTests
{
    private static readonly TestCaseData<PcapSourceOptions, string>[] Invalid =
    [
        new(new(), "Path"),
        new(new() { Path = "" }, "Path"),
        new(new() { Path = "a\0b" }, "Path"),
        new(new() { Path = "x", Port = -1 }, "Port"),
        new(new() { Path = "x", Port = 65536 }, "Port"),
        new(new() { Path = "x", Address = "localhost" }, "Address"),
        new(new() { Path = "x", Address = "10.0.1" }, "Address"),
        new(new() { Path = "x", Address = "010.0.0.1" }, "Address"),
        new(new() { Path = "x", Address = "[::1]" }, "Address"),
        new(new() { Path = "x", Address = "fe80::1%1" }, "Address"),
    ];

    [TestCase(null)]
    [TestCase("")]
    [TestCase("239.2.1.150")]
    [TestCase("ff12::5")]
    public void Addresses_are_valid(string? address) =>
        Assert.That(new PcapSourceOptions { Path = "x", Address = address, Port = 65535 }.Validate, Throws.Nothing);

    [TestCaseSource(nameof(Invalid))]
    public void Value_that_breaks_its_rule_is_named(PcapSourceOptions options, string name) => Assert.That(
        options.Validate,
        Throws.InstanceOf<ArgumentException>().With.Property(nameof(ArgumentException.ParamName)).EqualTo(name));
}
