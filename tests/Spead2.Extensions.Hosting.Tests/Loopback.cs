// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Managed;
using Spead2.Send;

namespace Spead2.Extensions.Hosting.Tests;

/// <summary>Sends to receivers on this machine.</summary>
internal static class Loopback
{
    private const int HeapSize = 3000;

    // Slow enough that a socket with the least buffer loses nothing: 100 Mb/s.
    private const double BytesPerSecond = 12.5e6;

    /// <summary>Sends heaps of three packets.</summary>
    /// <param name="port">To 127.0.0.1.</param>
    /// <param name="heaps">How many.</param>
    /// <param name="first">Heap cnt of the first.</param>
    /// <param name="stop">Whether a stop heap follows.</param>
    /// <param name="drop">Packets that are left out, by number; null: none.</param>
    public static async Task SendAsync(
        int port, int heaps, long first = 1, bool stop = false, Func<int, bool>? drop = null)
    {
        int number = 0;
        using UdpClient socket = new();
        await using ManagedSendStream stream = new(new SendStreamOptions { Rate = BytesPerSecond });
        stream.SetCntSequence(first);
        stream.Add(new FunctionWriterOptions((_, packet) =>
        {
            if (drop?.Invoke(number++) != true)
            {
                socket.Client.SendTo(packet, new IPEndPoint(IPAddress.Loopback, port));
            }
        }));
        HeapToSend heap = new();
        heap.AddItem(0x1000, new byte[HeapSize]);
        for (int i = 0; i < heaps; i++)
        {
            (await stream.SendAsync(heap)).ThrowIfFailed();
        }

        if (stop)
        {
            heap.Clear();
            heap.AddEnd();
            (await stream.SendAsync(heap)).ThrowIfFailed();
        }
    }

    /// <summary>Sends heaps with an item, two numbers, and its descriptor.</summary>
    public static async Task SendItemsAsync(int port, int heaps)
    {
        using ItemGroup items = new();
        Item gain = items.Add(ItemDescriptor.FromNumPy(0x1000, "gain", "", new ItemShape(2), ItemType.FromNumPy("<u2")));
        HeapGenerator generator = new(items, default);
        await using ManagedSendStream stream = new(new SendStreamOptions { Rate = BytesPerSecond });
        stream.Add(new UdpWriterOptions("127.0.0.1", port));
        for (ushort i = 1; i <= heaps; i++)
        {
            gain.SetValue(new ushort[] { i, i });
            (await stream.SendAsync(generator.Next())).ThrowIfFailed();
        }
    }

    /// <summary>A port that nobody listens on.</summary>
    public static int FreePort()
    {
        using UdpClient socket = new(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.Client.LocalEndPoint!).Port;
    }
}
