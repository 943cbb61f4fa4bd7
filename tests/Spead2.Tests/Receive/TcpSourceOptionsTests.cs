// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Tests.Receive;

public sealed class TcpSourceOptionsTests
{
    private static readonly TestCaseData<TcpSourceOptions, string>[] Invalid =
    [
        new(new() { Port = -1 }, "Port"),
        new(new() { Port = 65536 }, "Port"),
        new(new() { Host = "a\0b" }, "Host"),
        new(new() { MaxSize = 0 }, "MaxSize"),
        new(new() { MaxSize = 16777217 }, "MaxSize"),
        new(new() { BufferSize = 0 }, "BufferSize"),
        new(new() { Dialect = new() }, "Dialect"),
        new(new() { Connect = true, Port = 1 }, "Host"),
        new(new() { Connect = true, Host = "::1" }, "Port"),
        new(new() { Connect = true, Host = "::1", Port = 1, Reaccept = true }, "Reaccept"),
    ];

    [Test]
    public void Defaults_are_valid() => Assert.That(new TcpSourceOptions().Validate, Throws.Nothing);

    [Test]
    public void Largest_values_are_valid()
    {
        TcpSourceOptions options = new() { Port = 65535, Host = "localhost", MaxSize = 16777216, Connect = true };

        Assert.That(options.Validate, Throws.Nothing);
    }

    [TestCaseSource(nameof(Invalid))]
    public void Value_that_breaks_its_rule_is_named(TcpSourceOptions options, string name) => Assert.That(
        options.Validate,
        Throws.InstanceOf<ArgumentException>().With.Property(nameof(ArgumentException.ParamName)).EqualTo(name));

    [Test]
    public void Socket_is_used_as_it_is()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using Socket datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        TcpSourceOptions[] wrong =
        [
            new() { Socket = socket, Port = 1 },
            new() { Socket = socket, Host = "::1" },
            new() { Socket = socket, BufferSize = 1 },
            new() { Socket = datagrams },
        ];

        Assert.That(new TcpSourceOptions { Socket = socket, Reaccept = true }.Validate, Throws.Nothing);
        foreach (TcpSourceOptions options in wrong)
        {
            Assert.That(
                options.Validate,
                Throws.ArgumentException.With.Property(nameof(ArgumentException.ParamName)).EqualTo("Socket"));
        }
    }
}
