// SPDX-License-Identifier: MIT

using Spead2.Send;
using Spead2.Testing.Engines;
using Spead2.Tools.Diagnosis;

namespace Spead2.Tools.Tests;

/// <summary>
/// A sender that segments, and a receiver that stands still meanwhile: the kernel drops messages of many packets each, and says
/// how many messages only.
/// </summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class SuspendedReceiverTests(string engine)
{
    private const int PacketSize = 1472;
    private const int PacketsOfHeap = 40;
    private const int HeapSize = 56_000;
    private const int Heaps = 200;

    // A heap or two fit.
    private const string BufferSize = "131072";

    [Test]
    public async Task Every_packet_that_a_stopped_receiver_lost_is_counted()
    {
        (CommandProcess receiver, int port) = await CommandProcess.StartReceiverAsync(
            "--bind", "127.0.0.1", "--json", "--engine", engine, "--buffer-size", BufferSize, "--cnt-step", "1");
        using (receiver)
        {
            await using SendStream sender = new(new SendStreamOptions { MaxPacketSize = PacketSize });
            sender.Add(new UdpWriterOptions("127.0.0.1", port));
            await SendAsync(sender);
            Assert.That(await receiver.ReadLineAsync(), Does.StartWith("{\"cnt\":1,"));

            receiver.Suspend();
            for (int heap = 2; heap <= Heaps; heap++)
            {
                await SendAsync(sender);
            }

            receiver.Resume();
            Poll.Until(() => Waiting(port) == 0, "the receiver has taken what was in its socket");
            HeapToSend stop = new();
            stop.AddEnd();
            (await sender.SendAsync(stop)).ThrowIfFailed();
            CommandResult result = await receiver.WaitAsync();

            Dictionary<string, long> statistics = result.Statistics;
            Assert.That(statistics["kernel_drop_messages"], Is.Positive, "Nothing got lost, so that nothing is shown.");
            Assert.That(
                statistics["packets"] + statistics["packets_missing"] + (statistics["heaps_missing"] * PacketsOfHeap),
                Is.EqualTo((Heaps * PacketsOfHeap) + 1),
                result.Lines[^1]);
            Assert.That(result.Lines[^1], Does.Contain("\"loss\":true"));
        }
    }

    private static long Waiting(int port) =>
        UdpSocketTable.Read(new SystemFiles()).Where(socket => socket.Port == port).Sum(socket => socket.Waiting);

    // One heap after the other, each handed to the kernel in one piece.
    private static async Task SendAsync(SendStream sender)
    {
        HeapToSend heap = new();
        heap.AddItem(HeapContent.DataId, new byte[HeapSize], allowImmediate: false);
        SendResult result = await sender.SendAsync(heap);
        result.ThrowIfFailed();
        Assert.That(result.Packets, Is.EqualTo(PacketsOfHeap));
    }
}
