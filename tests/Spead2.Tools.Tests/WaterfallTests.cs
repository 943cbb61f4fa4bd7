// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Tests;

/// <summary>The sample that plots the beam of a simulated station.</summary>
[TestFixture]
public sealed class WaterfallTests
{
    private const int Channels = 384;
    private const int Moments = 5;

    private static readonly byte[] PngSignature = [0x89, (byte)'P', (byte)'N', (byte)'G'];

    [Test]
    public async Task Beam_of_a_simulated_station_becomes_a_picture()
    {
        string picture = Path.Combine(Path.GetTempPath(), $"spead2-waterfall-{Environment.ProcessId}.png");
        (CommandProcess sample, int port) = await CommandProcess.StartListeningAsync(
            "dotnet", Path.Combine(AppContext.BaseDirectory, "ska-low-waterfall.dll"), "0", "50", picture);
        try
        {
            using (sample)
            {
                CommandResult sent = await CommandProcess.RunAsync(
                    "send", "--udp", $"127.0.0.1:{port}", "--dialect", "ska-low-sps", "--preset", "ska-low-sps", "--heaps",
                    $"{Channels * Moments}", "--rate", "0.5");
                CommandResult received = await sample.WaitAsync();

                Assert.That(sent.ExitCode, Is.Zero, sent.Error);
                Assert.That(received.ExitCode, Is.Zero, received.Error);
                Assert.That(
                    received.Output,
                    Does.Contain($"{Channels * Moments} packets of {Moments} moments in ")
                        .And.Match("[0-9.]+ of the 173611 of a station").And.Contain("missing: 0 packets; refused: 0"));
                Assert.That(File.ReadAllBytes(picture).Take(PngSignature.Length), Is.EqualTo(PngSignature));
            }
        }
        finally
        {
            File.Delete(picture);
        }
    }
}
