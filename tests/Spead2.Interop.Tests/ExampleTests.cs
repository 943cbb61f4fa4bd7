// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>The example of the README works as it stands there.</summary>
public sealed class ExampleTests
{
    [Test]
    public async Task Three_lines_receive_heaps()
    {
        using StringWriter output = new();
        Task receiving = Receive(port => SendHeaps(port), output);
        await receiving.WaitAsync(Poll.Deadline);

        Assert.That(output.ToString(), Is.EqualTo($"1: 64 bytes{Environment.NewLine}2: 64 bytes{Environment.NewLine}"));
    }

    private static async Task Receive(Action<int> bound, TextWriter output)
    {
        using var stream = new ReceiveStream();
        bound(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        await foreach (Heap heap in stream.ReadAllAsync())
        {
            using (heap)
            {
                await output.WriteLineAsync($"{heap.Cnt}: {heap.Payload.Length} bytes");
            }
        }
    }

    private static void SendHeaps(int port)
    {
        using UdpSender sender = new(port);
        sender.Send(Packets.OfHeaps(2));
        sender.Send(Packets.OfStop(3));
    }
}
