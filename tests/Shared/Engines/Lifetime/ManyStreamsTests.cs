// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Many streams, one after the other and several at a time, leave the process as it was.</summary>
[NonParallelizable]
public sealed class ManyStreamsTests
{
    private const int Streams = 1000;
    private const int AtATime = 20;

    // What the runtime and the C library hold by then they need for any number of streams.
    private const int WarmUp = 200;

    // Far less than the packet buffers of each stream, which alone have 600 KB or more.
    private const long Growth = 8 << 20;

    [Test]
    public void Thousand_streams_leave_descriptors_threads_and_memory_as_they_were()
    {
        ProcessResources before = default;
        long bytes = 0;
        for (int stream = 0; stream < Streams; stream += AtATime)
        {
            if (stream == WarmUp)
            {
                Garbage.Collect();
                before = ProcessResources.Now;
                bytes = PrivateBytes();
            }

            UseSome();
            if (stream % (5 * AtATime) == 0)
            {
                Garbage.Collect();
            }
        }

        before.AwaitAgain();
        long growth = PrivateBytes() - bytes;
        TestContext.Out.WriteLine(
            $"Private memory after {WarmUp} streams {bytes / 1024} KiB, after {Streams} {growth / 1024} KiB more.");

        // The address sanitizer keeps what was freed.
        if (Environment.GetEnvironmentVariable("ASAN_OPTIONS") is null)
        {
            Assert.That(growth, Is.LessThan(Growth));
        }
    }

    // A third each is disposed with all heaps, with heaps left, and abandoned in the midst of everything.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void UseSome()
    {
        List<Heap> heaps = [];
        ReceiveStream[] streams = [.. Enumerable.Range(0, AtATime).Select(_ => new ReceiveStream())];
        foreach (ReceiveStream stream in streams)
        {
            // Small heaps of as many packets as a socket's buffer has room for, whatever its size.
            using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
            sender.Send(Packets.OfHeaps(3, size: 5000));
        }

        for (int i = 0; i < streams.Length; i++)
        {
            heaps.Add(streams[i].Read());
            if (i % 3 != 2)
            {
                streams[i].Dispose();
            }
        }

        for (int i = 0; i < heaps.Count; i++)
        {
            if (i % 4 != 0)
            {
                heaps[i].Dispose();
            }
        }
    }

    private static long PrivateBytes()
    {
        const string Name = "RssAnon:";
        string line = File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith(Name, StringComparison.Ordinal));
        return long.Parse(line[Name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture)
            * 1024;
    }
}
