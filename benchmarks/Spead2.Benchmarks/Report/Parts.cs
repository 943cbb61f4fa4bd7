// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Tools;

namespace Spead2.Benchmarks.Report;

/// <summary>All parts, and how they are run.</summary>
internal static class Parts
{
    /// <summary>Their names, in order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All(programs: "", isQuick: false).Select(part => part.Name)];

    /// <summary>Runs parts; the JSON lines of each go to a file of its own.</summary>
    /// <exception cref="InvalidOperationException">A program is missing or failed.</exception>
    public static void Run(IReadOnlyCollection<string> names, string programs, string rawFolder, bool isQuick)
    {
        Directory.CreateDirectory(rawFolder);
        Part[] chosen = [.. All(programs, isQuick).Where(part => names.Contains(part.Name))];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < chosen.Length; i++)
        {
            List<string> lines = [];
            foreach (string[] command in chosen[i].Commands)
            {
                Console.Error.WriteLine(
                    $"[{i + 1}/{chosen.Length}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s] {string.Join(' ', command)}");
                lines.AddRange(Output(command, programs));
            }

            File.WriteAllLines(FileOf(rawFolder, chosen[i].Name), lines);
            Mark(rawFolder, chosen[i].Name, isQuick);
        }
    }

    /// <summary>The results of a part; none if it has not been run.</summary>
    public static IReadOnlyList<Row> ResultsOf(string rawFolder, string name)
    {
        string file = FileOf(rawFolder, name);
        return File.Exists(file) ? [.. File.ReadLines(file).Select(Row.Parse)] : [];
    }

    /// <summary>Whether the results of a part are those of a quick run.</summary>
    public static bool WasQuick(string rawFolder, string name) => File.Exists(MarkOf(rawFolder, name));

    private static void Mark(string rawFolder, string name, bool isQuick)
    {
        if (isQuick)
        {
            File.WriteAllText(MarkOf(rawFolder, name), "");
        }
        else
        {
            File.Delete(MarkOf(rawFolder, name));
        }
    }

    private static string MarkOf(string rawFolder, string name) => Path.Combine(rawFolder, $"{name}.quick");

    private static string FileOf(string rawFolder, string name) => Path.Combine(rawFolder, $"{name}.jsonl");

    private static IReadOnlyList<Part> All(string programs, bool isQuick)
    {
        string repeats = isQuick ? "11" : "21";
        string[] quick = isQuick ? ["--quick"] : [];
        string[] payloads = ["512", "1024", "2048", "4096", "8192", "16384", "32768"];
        string[] heaps = ["16384", "65536", "262144", "4194304", "16777216"];
        return
        [
            new("items", [["items", "--json", .. quick]]),
            new("codecs", [["codecs", "--json", .. quick]]),
            new("copy", [["bench_assemble", "--rotate", "512M", "--json", "--repeats", isQuick ? "3" : "15"]]),
            new("ring", [["bench_ring", "--json", "--rounds", isQuick ? "2" : "7"]]),
            new("pool", [["bench_pool", "--json"]]),
            new("udp", [["bench_udp", "--json", "--runs", isQuick ? "1" : "3", "--seconds", isQuick ? "0.1" : "0.3"]]),
            new("udp-engines", [["udp", "--json", "--runs", isQuick ? "1" : "3", "--seconds", isQuick ? "0.1" : "0.3"]]),
            new("assemble", Repeated(isQuick ? 2 : 7, ["bench_assemble", "--pool", "--repeats", isQuick ? "21" : "101"])),

            // In several processes, because where memory lies makes a difference.
            new("engines", Repeated(
                isQuick ? 2 : 5,
                ["assemble", "--json", "--repeats", repeats, "--heap", "1048576", "--payload", .. payloads],
                ["assemble", "--json", "--repeats", repeats, "--payload", "8192", "--heap", .. heaps])),
            new("interop", Repeated(
                isQuick ? 3 : 9,
                ["bench_assemble", "--heap", "1048576", "--payload", "8192", "--repeats", "61"],
                ["assemble", "--json", "--heap", "1048576", "--payload", "8192", "--repeats", "61"])),
            new("facade", [["facade", "--json", .. quick]]),
            new("api", Repeated(
                isQuick ? 2 : 5,
                Api("core", Path.Combine(programs, "../../lib/libspead2core.so"), isQuick),
                Api("aot", "build/aot/lib/libspead2aot.so", isQuick),
                ["start", "--json"],
                ["assemble", "--json", "--repeats", repeats, "--heap", "1048576", "--payload", "1024", "8192"])),
        ];
    }

    private static string[] Api(string name, string library, bool isQuick) =>
        ["bench_api", "--name", name, "--library", library, "--repeats", isQuick ? "11" : "41"];

    private static List<string[]> Repeated(int times, params string[][] commands) =>
        [.. Enumerable.Range(0, times).SelectMany(_ => commands)];

    private static List<string> Output(string[] command, string programs)
    {
        bool isNative = command[0].StartsWith("bench_", StringComparison.Ordinal);
        ProcessStartInfo start = new(isNative ? Path.Combine(programs, command[0]) : Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
        };
        if (!isNative && Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Parts).Assembly.Location);
        }

        foreach (string argument in isNative ? command[1..] : command)
        {
            start.ArgumentList.Add(argument);
        }

        if (isNative && !File.Exists(start.FileName))
        {
            throw new UserErrorException($"There is no {start.FileName}; ./build.sh native builds it.");
        }

        using Process process = Process.Start(start)!;
        List<string> lines = [];
        while (process.StandardOutput.ReadLine() is string line)
        {
            // BenchmarkDotNet has a few words of its own.
            if (line.StartsWith('{'))
            {
                lines.Add(line);
            }
        }

        process.WaitForExit();
        return process.ExitCode == 0 && lines.Count > 0
            ? lines
            : throw new InvalidOperationException(
                $"{string.Join(' ', command)} ended with exit code {process.ExitCode} and {lines.Count} results.");
    }
}
