// SPDX-License-Identifier: MIT

using Spead2.Testing.Engines;

namespace Spead2.Tools.Tests;

/// <summary>`spead2 recv --pcap`.</summary>
public sealed class PcapTests
{
    [TestCase("native")]
    [TestCase("managed")]
    public async Task Heaps_of_a_capture_are_received(string engine)
    {
        string path = Captures.Write(Captures.Pcap(Packets.OfHeaps(3)));

        CommandResult received = await InProcess.RunAsync("recv", "--pcap", path, "--json", "--expect", "3", "--engine", engine);

        Assert.That(received.ExitCode, Is.Zero, received.Error);
        Assert.That(received.Statistics["packets"], Is.EqualTo(3));
        Assert.That(received.Error, Does.Not.Contain("not used"));
    }

    [Test]
    public async Task Frames_that_are_not_used_are_explained()
    {
        string path = Captures.Write(Captures.Pcap(Packets.OfHeaps(3), Captures.Cooked, isOutgoing: true));

        CommandResult received = await InProcess.RunAsync("recv", "--pcap", path);
        CommandResult outgoing = await InProcess.RunAsync("recv", "--pcap", path, "--outgoing", "--expect", "3");
        CommandResult filtered = await InProcess.RunAsync("recv", "--pcap", path, "--outgoing", "--only", "10.0.0.1:0");

        Assert.That(
            received.Error,
            Does.Contain("Of 3 frames not used: 3 were sent by the capturing host (--outgoing uses them)."));
        Assert.That(outgoing.ExitCode, Is.Zero, outgoing.Error);
        Assert.That(filtered.Error, Does.Contain("Of 3 frames not used: 3 are to other endpoints."));
    }

    [TestCase("--only goes with --pcap only", "--udp", "0", "--only", "7148")]
    [TestCase("--outgoing goes with --pcap only", "--udp", "0", "--outgoing")]
    [TestCase("--only takes one address and a port", "--pcap", "x", "--only", "239.2.1.150+1:7148")]
    [TestCase("--only takes one address and a port", "--pcap", "x", "--only", "localhost:7148")]
    [TestCase("--pcap needs the name of a file", "--pcap", "")]
    [TestCase("Cannot open the capture \"/nowhere/x\"", "--pcap", "/nowhere/x")]
    [TestCase("--pcap is \"/dev/null\", which is no", "--pcap", "/dev/null")]
    public async Task What_cannot_be_read_is_refused(string says, params string[] arguments)
    {
        CommandResult result = await InProcess.RunAsync(["recv", .. arguments]);

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain(says));
    }
}
