// SPDX-License-Identifier: MIT

using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>A program that ends with streams that are in use and not disposed.</summary>
internal static class AbandonProgram
{
    /// <summary>Nothing else ends a process with this.</summary>
    public const int ExitCode = 42;

    /// <summary>Argument: end in the middle of receiving, with exit code 0.</summary>
    public const string UnderFire = "under-fire";

    public static int Main(string[] arguments)
    {
        if (arguments is [UnderFire])
        {
            ExitUnderFire();
        }

        ReceiveStream idle = new();
        idle.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        _ = idle.ReadAsync().AsTask();
        new Thread(() => idle.Read()) { IsBackground = true }.Start();

        ReceiveStream full = new(new ReceiveStreamOptions { RingHeaps = 1 });
        full.AddDatagramReader(Packets.OfHeaps(20));
        Heap heap = full.Read();
        return heap.Cnt == 1 ? ExitCode : 1;
    }

    // Several streams, each with a sender that never rests; the first to have read some heaps ends the process.
    private static void ExitUnderFire()
    {
        const int Streams = 4;
        for (int i = 0; i < Streams; i++)
        {
            ReceiveStream stream = new(new ReceiveStreamOptions { Logger = NullLogger.Instance });
            UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
            _ = ExitAfterHeaps(stream);
            new Thread(() =>
            {
                for (IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeaps(10, size: 5000); ;)
                {
                    sender.Send(packets);
                }
            })
            { IsBackground = true }.Start();
        }

        // Only the exit ends this.
        Thread.Sleep(Timeout.Infinite);
    }

    private static async Task ExitAfterHeaps(ReceiveStream stream)
    {
        const int Heaps = 100;
        for (int i = 0; i < Heaps; i++)
        {
            using Heap heap = await stream.ReadAsync().ConfigureAwait(false);
        }

        Environment.Exit(0);
    }
}
