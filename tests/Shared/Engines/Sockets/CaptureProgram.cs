// SPDX-License-Identifier: MIT

using System.ComponentModel;
using System.Diagnostics;

namespace Spead2.Testing.Engines;

/// <summary>A program that captures what passes an interface, in the network of the calling thread.</summary>
internal sealed class CaptureProgram : IDisposable
{
    // More than the traffic of a test, in records of the longest packets: nothing is lost while tcpdump waits for a processor.
    private const string SnapshotLength = "66000";
    private const string RingKilobytes = "65536";

    private readonly Process _process;

    private CaptureProgram(Process process, string path)
    {
        _process = process;
        Path = path;
    }

    /// <summary>The capture.</summary>
    public string Path { get; }

    /// <summary>Starts tcpdump, and waits until it captures; skips the test where there is none.</summary>
    public static CaptureProgram Tcpdump(params string[] arguments) =>
        Start("tcpdump", "listening on", "pcap", [
            "-n", "-U", "--immediate-mode", "-Z", "root", "-s", SnapshotLength, "-B", RingKilobytes, .. arguments,
        ]);

    /// <summary>Starts dumpcap, which writes pcapng, and waits until it captures; skips the test where there is none.</summary>
    public static CaptureProgram Dumpcap(params string[] arguments) =>
        Start("dumpcap", "File:", "pcapng", ["-q", .. arguments]);

    public void Dispose()
    {
        using Process interrupt = Process.Start("kill", ["-INT", $"{_process.Id}"]);
        interrupt.WaitForExit();
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(Path);
    }

    private static CaptureProgram Start(string program, string ready, string extension, string[] arguments)
    {
        string path = System.IO.Path.Combine(
            TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.{extension}");
        ProcessStartInfo start = new(program, [.. arguments, "-w", path]) { RedirectStandardError = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            Assert.Ignore($"There is no {program}: {exception.Message}.");
            throw;
        }

        List<string> lines = [];
        while (process.StandardError.ReadLine() is { } line)
        {
            lines.Add(line);
            if (line.Contains(ready, StringComparison.Ordinal))
            {
                return new(process, path);
            }
        }

        Assert.Ignore($"{program} cannot capture here: {string.Join(' ', lines)}");
        throw new InvalidOperationException();
    }
}
