// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spead2.Receive.Pages;
using Spead2.Testing.Engines;

namespace Spead2.Tools.Tests;

/// <summary>`spead2 top` beside receivers of other processes, and what a terminal shows of it.</summary>
[TestFixture]
public sealed class TopTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory().FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("native")]
    [TestCase("managed")]
    public async Task Receiver_of_another_process_is_shown(string engine)
    {
        (CommandProcess receiver, int port) = await StartReceiverAsync("--engine", engine, "--name", "beam", "--ignore-stop-item");
        using (receiver)
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            foreach (ulong cnt in (ulong[])[1, 2, 3])
            {
                foreach (byte[] packet in PacketFile.Encode(cnt, new byte[100]))
                {
                    socket.SendTo(packet, new IPEndPoint(IPAddress.Loopback, port));
                }
            }

            JsonElement stream = await AwaitAsync(stream => stream.GetProperty("complete").GetInt64() == 3);
            Assert.That(stream.GetProperty("name").GetString(), Is.EqualTo("beam"));
            Assert.That(stream.GetProperty("sources")[0].GetProperty("name").GetString(), Is.EqualTo($"Udp 127.0.0.1:{port}"));
            Assert.That(stream.GetProperty("sources")[0].GetProperty("packets").GetInt64(), Is.EqualTo(3));
            Assert.That(stream.GetProperty("stats").GetProperty("heaps").GetInt64(), Is.EqualTo(3));
            Assert.That(stream.GetProperty("verdict").GetString(), Does.Not.Contain("lost on the way"));
            receiver.Interrupt();
            await receiver.WaitAsync();
        }

        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    [Test]
    public async Task Killed_receiver_is_not_shown_and_its_page_is_removed()
    {
        (CommandProcess receiver, int _) = await StartReceiverAsync();
        string page = Directory.GetFiles(_folder).Single();

        // Waits for the end of the process.
        receiver.Kill();
        receiver.Dispose();
        CommandResult top = await InProcess.RunAsync("top", "--once", "--json", "--interval", "0.1", "--folder", _folder);
        Assert.That(top.Lines, Is.Empty);
        Assert.That(File.Exists(page), Is.True, "a page that has just been written may be another namespace's");

        File.SetLastWriteTimeUtc(page, DateTime.UtcNow.AddSeconds(-11));
        await InProcess.RunAsync("top", "--once", "--json", "--interval", "0.1", "--folder", _folder);
        Assert.That(File.Exists(page), Is.False);
    }

    [Test]
    public async Task Receiver_need_not_publish()
    {
        (CommandProcess receiver, int _) = await StartReceiverAsync("--no-publish");
        using (receiver)
        {
            Assert.That(Directory.GetFiles(_folder), Is.Empty);
        }
    }

    [Test]
    public async Task Receiver_goes_on_where_it_cannot_publish()
    {
        // A file system in memory without room for a file.
        CommandResult result = await CommandProcess.RunProgramAsync(
        [
            "bash", "-c",
            $"mkdir '{_folder}/full' && mount -t tmpfs -o size=4k,nr_inodes=1 none '{_folder}/full' && " +
                $"XDG_RUNTIME_DIR='{_folder}/full' dotnet '{Program}' recv --udp 0 --bind 127.0.0.1 --timeout 0.1; " +
                $"status=$?; umount '{_folder}/full'; exit $status",
        ]);
        if (result.Error.Contains("mount", StringComparison.Ordinal))
        {
            Assert.Ignore("A file system in memory cannot be mounted here.");
        }

        Assert.That(result.Error, Does.Contain("`spead2 top` will not show this stream: "));
        Assert.That(result.Lines[^1], Does.StartWith("No packet arrived"));
    }

    [Test]
    public async Task Receiver_ends_well_where_the_folder_is_gone()
    {
        (CommandProcess receiver, int _) = await StartReceiverAsync();
        using (receiver)
        {
            Directory.Delete(_folder, recursive: true);
            receiver.Interrupt();
            CommandResult result = await receiver.WaitAsync();
            Directory.CreateDirectory(_folder);

            Assert.That(result.Error, Does.Not.Contain("Exception"));
            Assert.That(result.ExitCode, Is.EqualTo(ExitCode.NothingArrived));
        }
    }

    [Test]
    public async Task Nothing_published_is_said()
    {
        CommandResult result = await InProcess.RunAsync("top", "--once", "--interval", "0.1", "--folder", _folder);

        Assert.That(result.Lines.Single(), Is.EqualTo("No stream is published. `spead2 recv` publishes its own."));
        Assert.That(result.ExitCode, Is.Zero);
    }

    [TestCase("top-wide", 80, false)]
    [TestCase("top-narrow", 40, false)]
    [TestCase("top-no-colour", 80, true)]
    public void Screen_shows_streams(string name, int columns, bool noColour)
    {
        InstalledTree.Require("tmux");
        WritePages();
        using TmuxScreen screen = new(
            columns,
            $"{(noColour ? "NO_COLOR=1 " : "")}dotnet '{Program}' top --interval 0.2 --folder '{_folder}'",
            rows: 30);

        string text = screen.AwaitText("The stream has stopped.", "No packet has arrived yet.", "there were losses");
        ScreenTests.Compare(name, Regex.Replace(text, @"process \d+ \([^)]*\)", "process 1234 (spead2)"));
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "Spead2.Tools.dll");

    // Three streams of this process that stand still: their times are in the future, which counts as now.
    private void WritePages()
    {
        WritePage(1, "beam-0", state: 1, hasHeap: true, "Udp 239.2.1.150:7148",
            ("heaps", 123456), ("packets", 987654), ("incomplete_heaps_evicted", 12), ("heaps_accounted", 123456), ("heaps_missing", 321),
            ("malformed", 15), ("malformed_magic", 15), ("rejected_duplicate", 2), ("kernel_drop_messages", 7));
        WritePage(2, "beam-1", state: 1, hasHeap: false, "Udp 239.2.1.151:7148");
        WritePage(3, "calibration", state: 2, hasHeap: true, "Udp [ff12::5]:7148",
            ("heaps", 4), ("packets", 40), ("heaps_accounted", 4));
    }

    private void WritePage(
        int number, string name, int state, bool hasHeap, string source, params (string Name, long Value)[] statistics)
    {
        byte[] page = new byte[7320];
        Encoding.ASCII.GetBytes("SP2STATS", page);
        page[8] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(12), page.Length);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(24), Environment.ProcessId);
        page[28] = (byte)state;
        long future = (DateTime.UtcNow.AddHours(1) - DateTime.UnixEpoch).Ticks * 100;
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(48), future);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(56), hasHeap ? future : 0);
        page[64] = 3;
        page[72] = 16;
        page[80] = (byte)statistics.Length;
        page[84] = 1;
        Encoding.ASCII.GetBytes(name, page.AsSpan(88));
        for (int i = 0; i < statistics.Length; i++)
        {
            Encoding.ASCII.GetBytes(statistics[i].Name, page.AsSpan(152 + (48 * i)));
            BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(192 + (48 * i)), statistics[i].Value);
        }

        Encoding.ASCII.GetBytes(source, page.AsSpan(6296));
        File.WriteAllBytes(
            Path.Combine(
                _folder,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"spead2-{Environment.ProcessId}-{PageFolder.StartOf(Environment.ProcessId)}-{number}.page")),
            page);
    }

    private async Task<JsonElement> AwaitAsync(Predicate<JsonElement> isIt)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            CommandResult top = await InProcess.RunAsync("top", "--once", "--json", "--interval", "0.1", "--folder", _folder);
            if (top.Lines.Length == 1 && JsonDocument.Parse(top.Lines[0]).RootElement is var stream && isIt(stream))
            {
                return stream;
            }

            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(Poll.Deadline), top.Output);
        }
    }

    private Task<(CommandProcess Receiver, int Port)> StartReceiverAsync(params string[] arguments) => CommandProcess.StartListeningAsync(
        ["env", $"XDG_RUNTIME_DIR={_folder}", "dotnet", Program, "recv", "--udp", "0", "--bind", "127.0.0.1", .. arguments]);
}
