// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Tools.Send;

namespace Spead2.Tools.Tests;

/// <summary>The sample that correlates the antennas of several senders, which lose packets on purpose.</summary>
[TestFixture]
public sealed class CorrelatorTests
{
    private const int Antennas = 4;
    private const int Heaps = 64;
    private const int PacketsOfHeap = 16;
    private const double Drop = 0.02;

    private static readonly byte[] PngSignature = [0x89, (byte)'P', (byte)'N', (byte)'G'];

    [Test]
    public async Task Heaps_that_lost_packets_are_missing_and_no_others([Values("core", "aot")] string engine)
    {
        if (engine == "aot")
        {
            InstalledTree.RequireAot();
        }

        string library = engine == "aot" ? RepositoryFiles.AotLibrary : RepositoryFiles.NativeLibrary;
        string picture = Path.Combine(Path.GetTempPath(), $"spead2-correlator-{Environment.ProcessId}.png");
        (CommandProcess sample, int first) = await CommandProcess.StartListeningAsync(
            $"SPEAD2_CORE_LIBRARY={library}", "dotnet", Path.Combine(AppContext.BaseDirectory, "correlator.dll"), picture,
            "0", "0", "0", "0");
        try
        {
            using (sample)
            {
                int[] ports = [first, .. Enumerable.Range(1, Antennas - 1).Select(_ => sample.AwaitPort())];
                CommandResult[] sent = await Task.WhenAll(ports.Select((port, antenna) => SendAsync(port, antenna)));
                CommandResult received = await sample.WaitAsync();

                Assert.That(sent.Select(result => result.ExitCode), Is.All.Zero);
                Assert.That(received.ExitCode, Is.Zero, received.Error);
                (long Dropped, int[] Heaps)[] lost = [.. Enumerable.Range(0, Antennas).Select(Lost)];
                Assert.That(sent.Select(result => (long)result.Number("packets_dropped")), Is.EqualTo(lost.Select(of => of.Dropped)));
                Assert.That(received.Lines, Is.EqualTo(lost.Select((of, antenna) =>
                    $"antenna {antenna}: {of.Heaps.Length} of {Heaps} heaps missing: {string.Join(' ', of.Heaps)}")));
                Assert.That(File.ReadAllBytes(picture).Take(PngSignature.Length), Is.EqualTo(PngSignature));
            }
        }
        finally
        {
            File.Delete(picture);
        }
    }

    private static Task<CommandResult> SendAsync(int port, int antenna) => CommandProcess.RunAsync(
        "send", "--udp", $"127.0.0.1:{port}", "--preset", "fengine", "--antenna", Text(antenna), "--heaps", Text(Heaps),
        "--rate", "0.1", "--drop", Drop.ToString(CultureInfo.InvariantCulture), "--seed", Text(SeedOf(antenna)), "--json");

    private static int SeedOf(int antenna) => antenna + 1;

    /// <summary>What the sender of an antenna loses: packets, and the times of their heaps.</summary>
    private static (long Dropped, int[] Heaps) Lost(int antenna)
    {
        PacketFaults faults = new(Drop, duplicate: 0, reorder: 0, SeedOf(antenna));
        List<int> heaps = [];
        for (int heap = 0; heap < Heaps; heap++)
        {
            long before = faults.Dropped;
            for (int packet = 0; packet < PacketsOfHeap; packet++)
            {
                faults.Take(0, [], (_, _) => { });
            }

            if (faults.Dropped != before)
            {
                heaps.Add(heap);
            }
        }

        return (faults.Dropped, [.. heaps]);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
