// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>
/// A program that ends with streams that are in use and not disposed: several receive from senders that never rest, one
/// has a full ring, and somebody waits for heaps in every way.
/// </summary>
internal static class AbandonProgram
{
    /// <summary>Nothing else ends a process with this.</summary>
    public const int ExitCode = 42;

    /// <summary>Second argument: heaps are held at the end.</summary>
    public const string Holding = "holding";

    /// <summary>What the program says before it ends, or waits to be ended.</summary>
    public const string Ready = "ready";

    private const int Senders = 2;

    private static readonly List<Heap> Held = [];

    /// <summary>First argument: an <see cref="ExitWay"/>.</summary>
    public static int Main(string[] arguments)
    {
        ExitWay way = Enum.Parse<ExitWay>(arguments[0]);
        using ManualResetEventSlim reached = new();
        List<ReceiveStream> streams = [Idle(), Full()];
        for (int i = 0; i < Senders; i++)
        {
            streams.Add(UnderFire(way, reached));
        }

        if (arguments[1..] is [Holding])
        {
            Held.AddRange(streams.Skip(1).Select(stream => stream.Read()));
            Held.Add(streams[1].Read());
            Held[0].Payload.Pin();
        }

        Console.WriteLine(Ready);
        switch (way)
        {
            case ExitWay.Return:
                break;
            case ExitWay.Exit:
                Environment.Exit(ExitCode);
                break;
            case ExitWay.Throw:
                throw new InvalidOperationException("on purpose");
            default:
                // Only what somebody else does ends this.
                reached.Set();
                Thread.Sleep(Timeout.Infinite);
                break;
        }

        GC.KeepAlive(streams);
        return ExitCode;
    }

    private static ReceiveStream Idle()
    {
        ReceiveStream stream = new();
        stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        _ = stream.ReadAsync().AsTask();
        _ = stream.WaitToReadAsync().AsTask();
        InBackground(() => stream.Read());
        InBackground(() => stream.TryRead(out _, Timeout.InfiniteTimeSpan));
        return stream;
    }

    private static ReceiveStream Full()
    {
        ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 1 });
        stream.AddDatagramReader(Packets.OfHeaps(20));
        return stream;
    }

    private static ReceiveStream UnderFire(ExitWay way, ManualResetEventSlim reached)
    {
        RecordingLogger logger = new() { OnMessage = () => End(way, ExitWay.ExitInLogger, reached) };
        ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 8 }, logger);
        stream.PacketCopier = (heap, in packet) =>
        {
            packet.Payload.CopyTo(heap[(int)packet.PayloadOffset..]);
            End(way, ExitWay.ExitInCopier, reached);
        };
        UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        IReadOnlyList<ReadOnlyMemory<byte>> packets = [.. Packets.OfHeaps(5, size: 5000), new byte[1]];
        InBackground(() =>
        {
            while (true)
            {
                try
                {
                    sender.Send(packets);
                }
                catch (SocketException)
                {
                    // The stream has closed its socket.
                }
            }
        });
        _ = ReadInContinuations(stream, way, reached);
        return stream;
    }

    private static async Task ReadInContinuations(ReceiveStream stream, ExitWay way, ManualResetEventSlim reached)
    {
        while (true)
        {
            using Heap heap = await stream.ReadAsync().ConfigureAwait(false);
            End(way, ExitWay.ExitInContinuation, reached);
            if (way == ExitWay.ThrowOnThread && reached.IsSet)
            {
                InBackground(() => throw new InvalidOperationException("on purpose"));
            }
        }
    }

    private static void End(ExitWay way, ExitWay here, ManualResetEventSlim reached)
    {
        if (way == here && reached.IsSet)
        {
            Environment.Exit(ExitCode);
        }
    }

    private static void InBackground(ThreadStart action) => new Thread(action) { IsBackground = true }.Start();
}
