// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Testing.Engines;

namespace Spead2.Tools.Tests;

/// <summary>
/// What a terminal shows while `spead2 recv` runs, as tmux captures it, compared with files. Traffic comes and ends, so
/// that every number stands still. <c>SPEAD2_WRITE_SCREENS=1</c> writes the files again; look at them then.
/// </summary>
[TestFixture]
public sealed class ScreenTests
{
    private const int Port = 7148;

    [TestCase("wide", 80, false)]
    [TestCase("narrow", 40, false)]
    [TestCase("no-colour", 80, true)]
    public void Screen_shows_what_is_wrong(string name, int columns, bool noColour)
    {
        InstalledTree.Require("tmux");
        NetworkNamespace.Run(() =>
        {
            using TmuxScreen screen = new(
                columns, $"{(noColour ? "NO_COLOR=1 " : "")}dotnet '{Program}' recv 127.0.0.1:{Port} --max-size 300");
            screen.AwaitText("malformed");
            SendTraffic();

            // All that was sent, and a rate of nothing: from here on nothing changes.
            Compare(name, screen.AwaitText("heaps 4 ", "truncated 1 ", "malformed 6 ", "rate 0.00 Gb/s", "packets/s 0 "));
        });
    }

    [TestCase("warnings-wide", 80)]
    [TestCase("warnings-narrow", 40)]
    public void Screen_shows_warnings_under_the_table(string name, int columns)
    {
        InstalledTree.Require("tmux");
        NetworkNamespace.Run(() =>
        {
            using TmuxScreen screen = new(columns, $"dotnet '{Program}' recv 127.0.0.1:{Port} --summary");
            screen.AwaitText("malformed");
            SendInTurns();

            Compare(name, screen.AwaitText("incomplete 6 ", "warning: ", "rate 0.00 Gb/s", "packets/s 0 "));
        });
    }

    [TestCase("doctor-wide", 80, false)]
    [TestCase("doctor-narrow", 40, false)]
    [TestCase("doctor-no-colour", 80, true)]
    public void Screen_shows_what_the_doctor_found(string name, int columns, bool noColour)
    {
        InstalledTree.Require("tmux");
        NetworkNamespace.Run(() =>
        {
            NetworkNamespace.Ip("link set lo down");
            NetworkNamespace.Ip("link set near1 down");

            // The terminal stays until it has been looked at.
            using TmuxScreen screen = new(
                columns,
                $"{(noColour ? "NO_COLOR=1 " : "")}dotnet '{Program}' doctor {Port} 239.255.77.1%near0:{Port + 1} --packet-size 8972 "
                + "--findings --seconds 0; cat");
            Compare(name, screen.AwaitText("4 things are wrong."));
        });
    }

    [TestCase("doctor")]
    [TestCase("top")]
    public void Picture_in_the_documentation_is_what_the_command_shows(string command)
    {
        string picture = ScreenPicture.Of(File.ReadAllText(FileOf($"{command}-wide")), $"What spead2 {command} shows");
        string file = Path.Combine(RepositoryFiles.Root, $"docs/images/{command}.svg");
        if (Environment.GetEnvironmentVariable("SPEAD2_WRITE_SCREENS") == "1")
        {
            File.WriteAllText(file, picture);
        }

        Assert.That(File.ReadAllText(file), Is.EqualTo(picture));
    }

    [Test]
    public void Pipe_gets_lines_without_escapes_or_wrapping() => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = CommandProcess.Start("recv", $"127.0.0.1:{Port}", "--max-size", "300", "--heaps", "4");
        receiver.AwaitListening(1);
        SendTraffic();
        CommandResult result = receiver.WaitAsync().GetAwaiter().GetResult();
        string text = string.Join('\n', result.Lines.TakeWhile(line => line.StartsWith("heap ", StringComparison.Ordinal)));

        Compare("piped", $"{text}\n{result.Lines[^1]}\n");
        Assert.That(result.Output.Contains((char)27, StringComparison.Ordinal), Is.False);
    });

    private static string Program => Path.Combine(AppContext.BaseDirectory, "Spead2.Tools.dll");

    // Heaps 1, 2, 4, 5, six datagrams that are no packets, and one that is too large.
    private static void SendTraffic()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        IPEndPoint to = new(IPAddress.Loopback, Port);
        for (int i = 0; i < 6; i++)
        {
            socket.SendTo(new byte[100 + i], to);
        }

        socket.SendTo(new byte[400], to);
        foreach (ulong cnt in (ulong[])[1, 2, 4, 5])
        {
            foreach (byte[] packet in PacketFile.Encode(cnt, new byte[100]))
            {
                socket.SendTo(packet, to);
            }
        }
    }

    // Two packets of each of five heaps, which have four slots: the second one comes when its heap has been pushed out.
    private static void SendInTurns()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        IPEndPoint to = new(IPAddress.Loopback, Port);
        List<byte[]>[] heaps = [.. Enumerable.Range(1, 5).Select(cnt => PacketFile.Encode((ulong)cnt, new byte[300]))];
        for (int i = 0; i < 2; i++)
        {
            foreach (List<byte[]> packets in heaps)
            {
                socket.SendTo(packets[i], to);
            }
        }
    }

    /// <summary>The file of a screen.</summary>
    internal static string FileOf(string name) =>
        Path.Combine(RepositoryFiles.Root, "tests/Spead2.Tools.Tests/Screens", $"{name}.txt");

    /// <summary>Compares a screen with the file of a name.</summary>
    internal static void Compare(string name, string screen)
    {
        string file = FileOf(name);
        if (!File.Exists(file) || Environment.GetEnvironmentVariable("SPEAD2_WRITE_SCREENS") == "1")
        {
            File.WriteAllText(file, screen);
            Assert.Fail($"{file} has been written: look at it, and run the test again without SPEAD2_WRITE_SCREENS.");
        }

        Assert.That(screen, Is.EqualTo(File.ReadAllText(file)), file);
    }
}
