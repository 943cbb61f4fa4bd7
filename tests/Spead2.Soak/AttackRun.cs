// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using Spead2.Receive;
using Spead2.Soak.Resources;
using Spead2.Soak.Sending;

namespace Spead2.Soak;

/// <summary>
/// Good heaps at a high rate, and small datagrams that ask for much memory to the same port: all good heaps arrive, and
/// memory stays bounded. The stream has the default largest heap.
/// </summary>
internal static class AttackRun
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    /// <summary>Sends and receives all that is asked for.</summary>
    public static AttackResult Run(AttackSettings settings)
    {
        long residentBefore = ProcessMemory.ResidentBytes();
        long start = Stopwatch.GetTimestamp();
        using IReceiveStream stream = settings.Engine.Open(
            new ReceiveStreamOptions { MaxHeaps = settings.MaxHeaps, StopOnStopItem = false }, new CountingLogger());
        int port = stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
        using MemoryAttack sender = new(port, settings);
        Task<int> arrived = Task.Factory.StartNew(() => Take(stream), TaskCreationOptions.LongRunning);
        sender.Resume();
        long mostResident = 0;
        while (!sender.WaitUntilFinished(Tick) && Stopwatch.GetElapsedTime(start) < Deadline)
        {
            mostResident = Math.Max(mostResident, ProcessMemory.ResidentBytes());
        }

        sender.Pause();
        long waiting = Stopwatch.GetTimestamp();
        while (stream.Statistics is var now && now.Packets + now.KernelDropMessages < sender.Datagrams &&
            Stopwatch.GetElapsedTime(waiting) < Deadline)
        {
            Thread.Sleep(Tick);
        }

        stream.Stop();
        return new()
        {
            Settings = settings,
            Time = Stopwatch.GetElapsedTime(start),
            Arrived = arrived.Result,
            HostileDatagrams = sender.HostileDatagrams,
            MostGrowth = mostResident - residentBefore,
            Received = stream.Statistics,
        };
    }

    // Takes heaps until the stream stops; gives how many good ones were complete and right.
    private static int Take(IReceiveStream stream)
    {
        int right = 0;
        try
        {
            while (true)
            {
                using Heap heap = stream.Read();
                right += IsRight(heap) ? 1 : 0;
            }
        }
        catch (StreamStoppedException)
        {
            return right;
        }
    }

    private static bool IsRight(Heap heap)
    {
        if (!heap.IsComplete || !Cnts.IsHonest(heap.Cnt) || heap.Payload.Length != AttackSettings.HeapBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> payload = heap.Payload.Span;
        bool isRight = true;
        for (int packet = 0; packet < payload.Length / MemoryAttack.PacketBytes; packet++)
        {
            isRight &= BinaryPrimitives.ReadUInt64BigEndian(payload[(packet * MemoryAttack.PacketBytes)..]) ==
                MemoryAttack.Mark(heap.Cnt, packet);
        }

        return isRight;
    }
}
