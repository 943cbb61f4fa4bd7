// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Tools.Tests;

/// <summary>`spead2 recv --tcp`.</summary>
[Platform("Linux")]
public sealed class TcpTests
{
    private static readonly byte[] Packet = Convert.FromHexString(
        "5304030500000005800001000000000180000200000000108000030000000000800004000000001000100000000000" +
        "00000102030405060708090a0b0c0d0e0f");

    [TestCase("native")]
    [TestCase("managed")]
    public async Task Heap_of_a_connection_is_received(string engine)
    {
        (CommandProcess receiver, int port) = await CommandProcess.StartReceiverOnAsync(
            "--tcp", "127.0.0.1:0", "--json", "--expect", "1", "--timeout", "20", "--engine", engine);
        using (receiver)
        {
            using (Socket sender = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
            {
                await sender.ConnectAsync(IPAddress.Loopback, port);
                await sender.SendAsync((byte[])[1, 2, 3, .. Packet, 0x53]);
            }

            CommandResult received = await receiver.WaitAsync();
            Assert.That(received.ExitCode, Is.Zero, received.Error);
            Assert.That(received.Error, Does.Contain("3 bytes were passed over in search of a packet."));
            Assert.That(received.Error, Does.Contain("1 bytes of a packet had come when the connection ended."));
            Assert.That(received.Statistics["malformed"], Is.EqualTo(1));
        }
    }

    [TestCase("--reaccept goes with --tcp only", "--udp", "0", "--reaccept")]
    [TestCase("--bind does not go with --tcp", "--tcp", "0", "--bind", "::1")]
    [TestCase("--dialect does not go with --tcp", "--tcp", "0", "--dialect", "pyspead")]
    [TestCase("--tcp takes one address of this host", "--tcp", "239.2.1.150:7148")]
    [TestCase("--max-size must be at most 65535 with --udp", "--udp", "0", "--max-size", "65536")]
    [TestCase("Give one of --udp, --tcp", "--tcp", "0", "--udp", "0")]
    public async Task Options_that_do_not_go_together_are_refused(string says, params string[] arguments)
    {
        CommandResult result = await InProcess.RunAsync(["recv", .. arguments]);

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain(says));
    }
}
