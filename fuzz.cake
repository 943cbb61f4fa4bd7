// SPDX-License-Identifier: MIT
// Runs the fuzz targets of native/fuzz one after the other and says what came of it.
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

const string FuzzPreset = "linux-x64-fuzz";
const string FuzzWork = "artifacts/fuzz";
const string FuzzCorpus = "native/fuzz/corpus";
const int MostFindings = 5;

string[] fuzzTargets = [.. GetFiles("native/fuzz/fuzz_*.c").Select(file => file.GetFilenameWithoutExtension().ToString()["fuzz_".Length..]).Order()];

record FuzzResult(string Target, long Executions, double Seconds, int Corpus, string Packet, string Heap, int Findings)
{
    public long ExecutionsPerSecond => (long)(Executions / Math.Max(Seconds, 1));
}

int Fuzz(string[] arguments)
{
    double minutes = 1;
    bool json = false;
    bool keep = false;
    var targets = new List<string>();
    for (int i = 0; i < arguments.Length; i++)
    {
        switch (arguments[i])
        {
            case "--json":
                json = true;
                break;
            case "--keep":
                keep = true;
                break;
            case "--minutes" when i + 1 < arguments.Length &&
                double.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out minutes) && minutes > 0:
                i++;
                break;
            case "--target" when i + 1 < arguments.Length && fuzzTargets.Contains(arguments[i + 1]):
                targets.Add(arguments[++i]);
                break;
            default:
                bool asked = arguments[i] is "--help" or "-h";
                Console.WriteLine(asked ? "" : $"Not understood: {string.Join(' ', arguments[i..])}");
                Console.WriteLine($"""
                    ./build.sh fuzz [--minutes N] [--target NAME]... [--keep] [--json]
                      --minutes N    how long each target runs [1]
                      --target NAME  only this target; there are {string.Join(", ", fuzzTargets)}
                      --keep         add inputs that reach new code to {FuzzCorpus}, as few as will do
                      --json         print a line of JSON for each target instead of a table
                    Findings are kept in {FuzzWork}/NAME; build/{FuzzPreset}/native/fuzz/replay_NAME FILE runs one again.
                    Exit code 0: no finding, 1: a finding, 2: a wrong argument.
                    """);
                return asked ? 0 : 2;
        }
    }

    Require([.. nativeTools, .. contractTools, .. fuzzTools]);
    BuildNative(FuzzPreset);
    BuildNative(CoveragePreset);
    WriteFuzzSeeds();
    FuzzResult[] results =
    [
        .. (targets.Count == 0 ? fuzzTargets : [.. targets]).Select(target => FuzzTarget(target, minutes, keep)),
    ];
    (string packet, string heap) = Reach([.. results.Select(result => (result.Target, InputFolders(result.Target)))]);
    foreach (FuzzResult result in results)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(result));
        }
    }

    if (json)
    {
        Console.WriteLine(JsonSerializer.Serialize(new { Target = "all", Packet = packet, Heap = heap }));
    }
    else
    {
        const string row = "{0,-12} {1,14} {2,10} {3,8} {4,12} {5,10} {6,9}";
        Console.WriteLine();
        Console.WriteLine(row, "target", "executions", "exec/s", "corpus", "packet lines", "heap lines", "findings");
        foreach (FuzzResult result in results)
        {
            Console.WriteLine(
                row, result.Target, result.Executions.ToString("N0", CultureInfo.InvariantCulture),
                result.ExecutionsPerSecond.ToString("N0", CultureInfo.InvariantCulture), result.Corpus, result.Packet,
                result.Heap, result.Findings);
        }

        Console.WriteLine(row, "all", "", "", "", packet, heap, results.Sum(result => result.Findings));
    }

    return results.Any(result => result.Findings > 0) ? 1 : 0;
}

string[] InputFolders(string target) =>
    [.. ((string[])[$"{FuzzCorpus}/{target}", $"{FuzzWork}/{target}/corpus"]).Where(folder => GetFiles($"{folder}/*").Count > 0)];

// Runs a target until the time is over. libFuzzer ends at a finding; then it is started again.
FuzzResult FuzzTarget(string target, double minutes, bool keep)
{
    string work = $"{FuzzWork}/{target}";
    EnsureDirectoryExists($"{work}/corpus");
    DeleteFiles($"{work}/finding-*");
    string program = $"build/{FuzzPreset}/native/fuzz/fuzz_{target}";
    var time = Stopwatch.StartNew();
    double seconds = minutes * 60;
    long executions = 0;
    int findings = 0;
    while (time.Elapsed.TotalSeconds < seconds && findings < MostFindings)
    {
        int left = Math.Max(1, (int)(seconds - time.Elapsed.TotalSeconds));
        executions += RunFuzzer(
            target, time, seconds, program, $"-max_total_time={left}", "-max_len=8192", "-timeout=30", "-print_final_stats=1",
            $"-artifact_prefix={work}/finding-", $"{work}/corpus", $"{FuzzCorpus}/{target}", $"{FuzzWork}/seeds/{target}");
        findings = GetFiles($"{work}/finding-*").Count;
    }

    double ran = time.Elapsed.TotalSeconds;
    if (keep)
    {
        // Which parts of the code are reached decides, not how often: few inputs do.
        Run(program, "-merge=1", "-use_counters=0", $"{FuzzCorpus}/{target}", $"{work}/corpus");
    }

    (string packet, string heap) = Reach((target, InputFolders(target)));
    return new(target, executions, ran, InputFolders(target).Sum(folder => GetFiles($"{folder}/*").Count), packet, heap, findings);
}

// Gives the number of inputs that were run.
long RunFuzzer(string target, Stopwatch time, double seconds, string program, params string[] arguments)
{
    long executions = 0;
    long shown = 0;
    using var process = new Process
    {
        StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardError = true },
    };
    using StreamWriter log = System.IO.File.CreateText($"{FuzzWork}/{target}/log.txt");
    process.Start();
    while (process.StandardError.ReadLine() is string line)
    {
        log.WriteLine(line);
        Match count = Regex.Match(line, @"^#(\d+)\s");
        Match sum = Regex.Match(line, @"^stat::number_of_executed_units: (\d+)");
        executions = sum.Success ? long.Parse(sum.Groups[1].Value)
            : count.Success ? Math.Max(executions, long.Parse(count.Groups[1].Value))
            : executions;
        if (line.Contains("does not hold") || line.StartsWith("SUMMARY") || line.Contains("Test unit written"))
        {
            Console.Error.WriteLine($"{target}: {line}");
        }

        if (time.ElapsedMilliseconds - shown > 10_000)
        {
            shown = time.ElapsedMilliseconds;
            Console.Error.WriteLine($"{target}: {shown / 1000} of {seconds:0} s, {executions} executions");
        }
    }

    process.WaitForExit();
    return executions;
}

// Shares of the lines in native/src/packet and native/src/heap that these inputs run.
(string Packet, string Heap) Reach(params (string Target, string[] Folders)[] runs)
{
    ForgetNativeCoverage(CoveragePreset);
    foreach ((string target, string[] folders) in runs)
    {
        // Its findings, if it has any, are not among the inputs.
        Output($"build/{CoveragePreset}/native/fuzz/replay_{target}", ["--quiet", .. folders]);
    }

    Coverage coverage = ReadNativeCoverage(CoveragePreset);
    return (Coverage.Percent(coverage.Lines("native/src/packet")), Coverage.Percent(coverage.Lines("native/src/heap")));
}

// The packets of tests/vectors as inputs: alone, as datagrams and as a buffer of a stream, and for a reader. What the
// bytes around them mean is in fuzz_stream.c and fuzz_readers.c.
void WriteFuzzSeeds()
{
    const byte allFlags = 0x38; // incomplete heaps are delivered with everything
    const byte sizes = 0x1b; // four heaps, a ring of four
    const byte largestHeap = 16 << 3; // 64 KiB
    byte[][] streams = [[0, sizes, largestHeap], [allFlags, sizes, largestHeap], [allFlags | 1, sizes, largestHeap]];
    foreach (string target in fuzzTargets)
    {
        EnsureDirectoryExists($"{FuzzWork}/seeds/{target}");
    }

    foreach (FilePath vector in GetFiles("tests/vectors/*.txt"))
    {
        string tag = vector.GetFilenameWithoutExtension().ToString();
        byte[][] packets = [.. PacketsOf(vector.FullPath)];
        byte[][] sized = [.. packets.Select(packet => (byte[])[(byte)(packet.Length >> 8), (byte)packet.Length, .. packet])];
        for (int i = 0; i < packets.Length; i++)
        {
            WriteSeed("packet", $"{tag}-{i}", packets[i]);
        }

        for (int i = 0; i < streams.Length; i++)
        {
            WriteSeed("stream", $"{tag}-{i}", [.. streams[i], .. sized.SelectMany(packet => (byte[])[0, .. packet])]);
            WriteSeed("stream", $"{tag}-buffer-{i}", [.. streams[i], .. sized.SelectMany(packet => (byte[])[1, .. packet])]);
        }

        foreach (byte reader in (byte[])[0, 2])
        {
            WriteSeed("readers", $"{tag}-{reader}", [allFlags, 0, reader, (byte)sized.Length, .. sized.SelectMany(packet => packet)]);
        }
    }

    void WriteSeed(string target, string name, byte[] bytes) =>
        System.IO.File.WriteAllBytes($"{FuzzWork}/seeds/{target}/{name}", bytes);
}

IEnumerable<byte[]> PacketsOf(string vector)
{
    List<byte> packet = null;
    foreach (string line in System.IO.File.ReadLines(vector))
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool isHex = words.Length > 0 && words[0].Length == 2;
        if (isHex && packet is not null)
        {
            packet.AddRange(words.Select(word => Convert.ToByte(word, 16)));
        }
        else if (!isHex && packet is not null && words.Length > 0)
        {
            yield return [.. packet];
            packet = null;
        }

        if (words is ["packet", _])
        {
            packet = [];
        }
    }
}
