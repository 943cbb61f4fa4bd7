// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Spead2.Send;

namespace Spead2.Package.Tests.Consumers;

/// <summary>The heap that the README's example receives, and the end of its stream.</summary>
internal static class UdpHeaps
{
    /// <summary>What the example prints.</summary>
    public const string Text = "gain (3, 2) = [[1, -2], [300, -400], [5000, -6000]]\nadc (4,) = [1023, 1, 682, 341]\n";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until somebody listens on the port of this host; gives false if the receiver has gone.</summary>
    public static bool WaitForReceiver(int port, Func<bool> receiverHasGone)
    {
        Stopwatch waiting = Stopwatch.StartNew();
        while (!IsBound(port))
        {
            if (receiverHasGone())
            {
                return false;
            }

            Assert.That(waiting.Elapsed, Is.LessThan(Deadline), $"somebody listens on UDP port {port}");
            Thread.Sleep(Pause);
        }

        return true;
    }

    /// <summary>Sends as soon as somebody listens on the port of this host; not at all if the receiver has gone.</summary>
    public static void SendTo(int port, Func<bool> receiverHasGone)
    {
        if (!WaitForReceiver(port, receiverHasGone))
        {
            return;
        }

        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(IPAddress.Loopback, port);
        foreach (byte[] packet in Packets())
        {
            socket.Send(packet);
        }
    }

    /// <summary>A port of this host that nobody uses.</summary>
    public static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static IEnumerable<byte[]> Packets()
    {
        Flavour flavour = new(48);
        using ItemGroup items = new();
        items.Add(ItemDescriptor.FromNumPy(
            items.AllocateId(), "gain", "per-channel gain", new ItemShape(3, 2), ItemType.FromNumPy("<i2")))
            .SetElements<short>([1, -2, 300, -400, 5000, -6000]);
        items.Add(ItemDescriptor.FromFormat(items.AllocateId(), "adc", "", new ItemShape(4), new FormatField('u', 10)))
            .SetValue(new ushort[] { 1023, 1, 682, 341 });
        HeapToSend end = new();
        end.AddEnd();
        HeapToSend[] heaps = [new HeapGenerator(items, flavour).Next(), end];
        PacketEncoder encoder = new(flavour);
        for (int index = 0; index < heaps.Length; index++)
        {
            encoder.Begin(heaps[index], (ulong)index + 1);
            while (!encoder.IsFinished)
            {
                byte[] packet = new byte[encoder.MaxPacketSize];
                yield return packet[..encoder.Write(packet)];
            }
        }
    }

    /// <summary>Also sees sockets of programs that run under Wine.</summary>
    private static bool IsBound(int port) =>
        File.ReadLines("/proc/net/udp").Any(line => line.Contains($":{port:X4} 00000000:0000", StringComparison.Ordinal));
}
