// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Tests.Receive;

public sealed class UdpSourceOptionsTests
{
    private static readonly TestCaseData<UdpSourceOptions, string>[] Invalid =
    [
        new(new() { Port = -1 }, "Port"),
        new(new() { Port = 65536 }, "Port"),
        new(new() { Group = "" }, "Group"),
        new(new() { InterfaceIndex = -1 }, "InterfaceIndex"),
        new(new() { Group = "::1", InterfaceName = "a\0b" }, "InterfaceName"),
        new(new() { Group = "::1", Senders = [""] }, "Senders"),
        new(new() { BindHost = "a\0b" }, "BindHost"),
        new(new() { MaxSize = 0 }, "MaxSize"),
        new(new() { MaxSize = 65536 }, "MaxSize"),
        new(new() { BufferSize = -1 }, "BufferSize"),
    ];

    [Test]
    public void Defaults_are_valid() => Assert.That(new UdpSourceOptions().Validate, Throws.Nothing);

    [Test]
    public void Largest_values_are_valid()
    {
        UdpSourceOptions options = new() { Port = 65535, BindHost = "localhost", MaxSize = 65535, BufferSize = 0 };

        Assert.That(options.Validate, Throws.Nothing);
    }

    [TestCaseSource(nameof(Invalid))]
    public void Value_that_breaks_its_rule_is_named(UdpSourceOptions options, string name)
    {
        Assert.That(
            options.Validate,
            Throws.InstanceOf<ArgumentException>()
                .With.Property(nameof(ArgumentException.ParamName)).EqualTo(name)
                .And.Message.Contains($"{name} must be"));
    }
}
