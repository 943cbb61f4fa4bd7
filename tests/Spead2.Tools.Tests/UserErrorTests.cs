// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Tools.Tests;

/// <summary>What a user can get wrong: each gives one sentence on standard error and exit code 2.</summary>
[TestFixture]
public sealed class UserErrorTests
{
    [Test]
    public async Task File_without_a_packet_is_refused_with_what_was_expected() =>
        AssertRefused(
            await CommandProcess.RunAsync("recv", "--file", RepositoryFiles.Readme),
            $"'{RepositoryFiles.Readme}' has no SPEAD packet at byte 0: "
                + "a packet starts with the bytes 53 04, but here are 23 20.");

    [TestCase("--file")]
    [TestCase("--packets")]
    public async Task Directory_is_refused(string option)
    {
        string path = Path.GetDirectoryName(RepositoryFiles.Readme)!;

        AssertRefused(
            await CommandProcess.RunAsync("recv", option, path), $"'{path}' is a directory, not a file of packets.");
    }

    [TestCase("")]
    [TestCase("μ")]
    public async Task Name_of_a_stream_is_refused(string name) =>
        AssertRefused(
            await CommandProcess.RunAsync("recv", "--udp", "0", "--name", name),
            "--name must be 1 to 64 printable ASCII characters.");

    [Test]
    public async Task Missing_file_is_refused() =>
        AssertRefused(
            await CommandProcess.RunAsync("recv", "--file", "no-such-file"), "'no-such-file' does not exist.");

    [Test]
    public async Task Empty_file_is_refused()
    {
        using var file = PacketFile.OfBytes([]);

        AssertRefused(
            await CommandProcess.RunAsync("recv", "--packets", file.Path),
            $"'{file.Path}' is empty and contains no packet.");
    }

    [Test]
    public async Task Port_in_use_is_refused()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        string port = $"{((IPEndPoint)other.LocalEndPoint!).Port}";

        CommandResult result = await CommandProcess.RunAsync("recv", "--udp", port, "--bind", "127.0.0.1");

        Assert.That(result.Error, Does.Contain(port).And.Contain("in use"));
        AssertRefused(result, result.Error.TrimEnd('\n'));
    }

    [TestCase("0")]
    [TestCase("-1")]
    [TestCase("many")]
    [TestCase("99999999999999999999")]
    public async Task Number_that_is_out_of_range_is_refused(string number) =>
        AssertRefused(
            await CommandProcess.RunAsync("recv", "--udp", "0", "--max-heaps", number),
            $"--max-heaps must be a whole number from 1 to 16777216, not '{number}'.");

    [TestCase(3, "'{0}' ends within the length of a datagram: at byte 48 3 of 4 bytes are left.")]
    [TestCase(4 + 43, "'{0}' ends within a datagram: 44 bytes are announced at byte 48, 43 are left.")]
    public async Task Datagrams_that_are_cut_off_are_refused(int bytesOfSecond, string sentence)
    {
        byte[] datagram = [44, 0, 0, 0, .. new byte[44]];
        using var file = PacketFile.OfBytes(datagram, datagram.Take(bytesOfSecond));

        AssertRefused(
            await InProcess.RunAsync("recv", "--packets", file.Path), string.Format(null, sentence, file.Path));
    }

    [TestCase("", "recv")]
    [TestCase("", "recv", "--file", "a", "--udp", "1")]
    [TestCase("--bind", "recv", "--file", "a", "--bind", "127.0.0.1")]
    [TestCase("--max-heaps", "recv", "--udp", "0", "--max-heaps")]
    [TestCase("--substreams", "recv", "--udp", "0", "--max-heaps", "16777216", "--substreams", "2")]
    [TestCase("no.such.host.invalid", "recv", "--udp", "0", "--bind", "no.such.host.invalid")]
    [TestCase("--udp", "recv", "--udp", "65536")]
    [TestCase("--bind", "recv", "127.0.0.1:0", "--bind", "127.0.0.1")]
    [TestCase("--interface", "recv", "127.0.0.1:0", "--interface", "lo")]
    [TestCase("--interface", "recv", "239.2.1.150:0", "--interface", "203.0.113.77")]
    [TestCase("--mem-upper", "recv", "0", "--mem-upper", "1000")]
    [TestCase("--mem-initial", "recv", "0", "--mem-pool", "--mem-initial", "20")]
    [TestCase("--affinity", "recv", "0", "--affinity", "1,x")]
    [TestCase("--copy", "recv", "0", "--copy", "quickly")]
    [TestCase("--interval", "recv", "0", "--interval", "1")]
    [TestCase("--bug-compat", "recv", "--udp", "0", "--bug-compat", "8")]
    [TestCase("--timeout", "recv", "--udp", "0", "--timeout", "-1")]
    [TestCase("--timeout", "recv", "--udp", "0", "--timeout", "1e300")]
    [TestCase("--udp", "send")]
    [TestCase("HOST:PORT", "send", "--udp", "localhost")]
    [TestCase("HOST:PORT", "send", "--udp", "localhost:0")]
    [TestCase("no.such.host.invalid", "send", "--udp", "no.such.host.invalid:1")]
    [TestCase("--rate", "send", "--udp", "127.0.0.1:1", "--rate", "fast")]
    [TestCase("--flavour", "send", "--udp", "127.0.0.1:1", "--flavour", "41")]
    [TestCase("--flavour", "send", "--udp", "127.0.0.1:1", "--flavour", "56")]
    [TestCase("--heap-size", "send", "--udp", "127.0.0.1:1", "--flavour", "16", "--heap-size", "65536")]
    [TestCase("--heap-size", "send", "--udp", "127.0.0.1:1", "--items", "--heap-size", "10")]
    [TestCase("--descriptor-every", "send", "--udp", "127.0.0.1:1", "--descriptor-every", "10")]
    [TestCase("--flavour", "send", "--udp", "127.0.0.1:1", "--items", "--flavour", "8")]
    [TestCase("'juggle'", "juggle")]
    [TestCase("'--juggle'", "recv", "--juggle")]
    public async Task Command_that_makes_no_sense_is_refused_by_name(string name, params string[] arguments)
    {
        CommandResult result = await InProcess.RunAsync(arguments);

        Assert.That(result.Error, Does.Contain(name));
        AssertRefused(result, result.Error.TrimEnd('\n'));
    }

    private static void AssertRefused(CommandResult result, string sentence)
    {
        Assert.Multiple(() =>
        {
            Assert.That(result.Error, Is.EqualTo(sentence + "\n"));
            Assert.That(result.Error.Count(c => c == '\n'), Is.EqualTo(1), "lines");
            Assert.That(result.Error, Does.Match(@"\A[^\n]+\.\n\z").And.Not.Contain("   at "));
            Assert.That(result.Output, Is.Empty);
            Assert.That(result.ExitCode, Is.EqualTo(2));
        });
    }
}
