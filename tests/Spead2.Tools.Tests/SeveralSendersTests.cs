// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Send;

namespace Spead2.Tools.Tests;

/// <summary>`spead2 recv` tells a second sender from one that has restarted, and waits for no stop item that does not come.</summary>
/// <remarks>Some wait until the command has waited long enough; they wait together.</remarks>
[Parallelizable(ParallelScope.All)]
[TestFixture("native")]
[TestFixture("managed")]
public sealed class SeveralSendersTests(string engine)
{
    private const int Heaps = 100;
    private const int Burst = 20;

    [Test]
    public async Task Second_sender_that_begins_has_not_restarted()
    {
        CommandResult result = await ReceiveAsync(
            (first, second) =>
            {
                for (int cnt = 1; cnt < Heaps; cnt += Burst)
                {
                    SendHeaps(first, cnt, Burst);
                    SendHeaps(second, cnt, Burst);
                }

                SendStop(first, Heaps + 1);
            });

        Assert.That(result.Lines[^1], Does.Contain("several senders have the same cnts").And.Not.Contain("restarted"));
    }

    [Test]
    public async Task Sender_that_comes_again_from_another_port_has_restarted()
    {
        CommandResult result = await ReceiveAsync(
            (first, second) =>
            {
                SendHeaps(first, 1, Heaps);
                SendHeaps(second, 1, Heaps);
                SendStop(second, Heaps + 1);
            });

        Assert.That(
            result.Lines[^1],
            Does.EndWith(" The cnts began again 1 time: a sender has restarted, from another port.").And.Not.Contain("mixed"));
    }

    [Test]
    public async Task Expected_heaps_are_not_waited_for_when_stop_items_are_lost()
    {
        CommandResult result = await ReceiveAsync(
            (first, second) =>
            {
                SendHeaps(first, 1, Heaps);
                SendHeaps(second, 1, Heaps - 1);
            },
            "--expect", "200", "--senders", "separate");

        Assert.That(result.Error, Does.Contain("No packet has come for 10 s: what --expect waits for is not on its way."));
        Assert.That(result.Lines[^1], Does.EndWith(" --expect asked for 1 more."));
        Assert.That(result.ExitCode, Is.EqualTo(ExitCode.Failure));
    }

    [Test]
    public async Task Heaps_of_both_senders_are_expected_beyond_a_stop_item()
    {
        CommandResult result = await ReceiveAsync(
            (first, second) =>
            {
                SendHeaps(first, 1, Heaps);
                SendStop(first, Heaps + 1);
                SendHeaps(second, 1, Heaps);
                SendStop(second, Heaps + 1);
            },
            "--expect", "200", "--senders", "separate", "--ignore-stop-item");

        Assert.That(result.ExitCode, Is.Zero, result.Lines[^1]);
    }

    [Test]
    public async Task Stop_item_of_the_first_sender_is_named()
    {
        CommandResult result = await ReceiveAsync(
            (first, _) =>
            {
                SendHeaps(first, 1, Heaps);
                SendStop(first, Heaps + 1);
            },
            "--expect", "200");

        Assert.That(
            result.Lines[^1],
            Does.EndWith(" --expect asked for 100 more; a stop item ended the stream (--ignore-stop-item goes on)."));
        Assert.That(result.ExitCode, Is.EqualTo(ExitCode.Failure));
    }

    /// <summary>Receives what two sockets send.</summary>
    private async Task<CommandResult> ReceiveAsync(Action<Socket, Socket> send, params string[] arguments)
    {
        (CommandProcess receiver, int port) = await CommandProcess.StartReceiverAsync(
            ["--bind", "127.0.0.1", "--engine", engine, "--ring-heaps", "1000", .. arguments]);
        using (receiver)
        {
            using Socket first = NewSender(port);
            using Socket second = NewSender(port);
            send(first, second);
            return await receiver.WaitAsync();
        }
    }

    private static Socket NewSender(int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    private static void SendHeaps(Socket socket, int first, int count)
    {
        for (int cnt = first; cnt < first + count; cnt++)
        {
            Send(socket, PacketFile.Encode((ulong)cnt, new byte[100]));
        }
    }

    private static void SendStop(Socket socket, int cnt)
    {
        HeapToSend heap = new();
        heap.AddEnd();
        Send(socket, PacketFile.Encode(heap, (ulong)cnt));
    }

    private static void Send(Socket socket, List<byte[]> packets) => packets.ForEach(packet => socket.Send(packet));
}
