// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>A program that ends with streams that are in use and not disposed.</summary>
internal static class AbandonProgram
{
    /// <summary>Nothing else ends a process with this.</summary>
    public const int ExitCode = 42;

    public static int Main()
    {
        ReceiveStream idle = new();
        idle.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        _ = idle.ReadAsync().AsTask();
        new Thread(() => idle.Read()) { IsBackground = true }.Start();

        ReceiveStream full = new(new ReceiveStreamOptions { RingHeaps = 1 });
        full.AddDatagramReader(Packets.OfHeaps(20));
        Heap heap = full.Read();
        return heap.Cnt == 1 ? ExitCode : 1;
    }
}
