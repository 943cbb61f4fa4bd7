// SPDX-License-Identifier: MIT
// Runs the fuzz targets, of C in native/fuzz and of C# in tests/Shared/Spead2.Fuzz, and says what came of it.
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spectre.Console;

const string FuzzPreset = "linux-x64-fuzz";
const string FuzzWork = "artifacts/fuzz";
const string FuzzCorpus = "native/fuzz/corpus";
// Lines that no input reaches, and why.
const string FuzzUnreached = "native/fuzz/unreached.txt";
// The target that is C#: descriptors and values.
const string ItemsTarget = "items";
const string ItemsCorpus = "tests/Spead2.Tests/Items/FuzzCorpus";
const string ItemsProject = "tests/Shared/Spead2.Fuzz/Spead2.Fuzz.csproj";
const string SharpFuzzVersion = "2.3.0";
const int FuzzersAtATime = 2;
const int MostFindings = 5;
const int FailedAllocations = 6;
const int FuzzTableWidth = 110;

string[] coreTargets = [.. GetFiles("native/fuzz/fuzz_*.c").Select(file => file.GetFilenameWithoutExtension().ToString()["fuzz_".Length..]).Order()];
string[] fuzzTargets = [.. coreTargets, ItemsTarget];

record FuzzResult(
    string Target, long Executions, double Seconds, int Corpus, long NewInputs, string Packet, string Heap, string[] Findings)
{
    public long ExecutionsPerSecond => (long)(Executions / Math.Max(Seconds, 1));
}

// What a target has done so far. Parts of it run one after the other.
class FuzzProgress(string target, double seconds)
{
    public string Target => target;
    public double Seconds => seconds;
    public long Executions { get; set; }
    public long NewInputs { get; set; }
    public double Ran { get; set; }
}

int Fuzz(string[] arguments)
{
    double minutes = 1;
    bool json = false;
    bool keep = false;
    var chosen = new List<string>();
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
                chosen.Add(arguments[++i]);
                break;
            default:
                bool asked = arguments[i] is "--help" or "-h";
                Console.WriteLine(asked ? "" : $"Not understood: {string.Join(' ', arguments[i..])}");
                Console.WriteLine($"""
                    ./build.sh fuzz [--minutes N] [--target NAME]... [--keep] [--json]
                      --minutes N    how long each target runs [1]; {FuzzersAtATime} run at a time
                      --target NAME  only this target; there are {string.Join(", ", fuzzTargets)}
                      --keep         add inputs that reach new code to {FuzzCorpus} and {ItemsCorpus}, as few as will do
                      --json         print a line of JSON for each target instead of a table
                    Findings are kept in {FuzzWork}/NAME, and the commands that run them again in {FuzzWork}/findings.txt.
                    Exit code 0: no finding, 1: a finding, 2: a wrong argument.
                    """);
                return asked ? 0 : 2;
        }
    }

    Require([.. nativeTools, .. contractTools, .. fuzzTools]);
    string[] targets = chosen.Count == 0 ? fuzzTargets : [.. chosen.Distinct()];
    BuildNative(FuzzPreset);
    BuildNative(CoveragePreset);
    WriteFuzzSeeds();
    if (targets.Contains(ItemsTarget))
    {
        BuildItemsFuzzer();
    }

    foreach (string target in targets)
    {
        EnsureDirectoryExists($"{FuzzWork}/{target}/corpus");
        // Of an earlier run: findings, and what ran when it was interrupted.
        foreach (string old in (string[])["finding-*", "running", "log.txt"])
        {
            DeleteFiles($"{FuzzWork}/{target}/{old}");
        }
    }

    FuzzProgress[] progress = RunFuzzers(targets, minutes * 60);
    if (keep)
    {
        foreach (string target in targets)
        {
            KeepInputs(target);
        }
    }

    FuzzResult[] results = [.. progress.Select(ResultOf)];
    string[] coreRuns = [.. targets.Where(target => target != ItemsTarget)];
    Coverage reached = coreRuns.Length == 0 ? new() : Reach(coreRuns);
    (string Line, string Reason)[] unreached = [.. UnreachedLines(reached)];
    string packet = FolderLines(reached, "packet");
    string heap = FolderLines(reached, "heap");
    string[] findings = [.. results.SelectMany(result => result.Findings.Select(file => ReplayCommand(result.Target, file)))];
    System.IO.File.WriteAllLines($"{FuzzWork}/findings.txt", findings);
    if (json)
    {
        foreach (FuzzResult result in results)
        {
            Console.WriteLine(JsonSerializer.Serialize(result));
        }

        Console.WriteLine(JsonSerializer.Serialize(new
        {
            Target = "all",
            Packet = packet,
            Heap = heap,
            Findings = findings,
            Unreached = unreached.Select(line => $"{line.Line}: {line.Reason}"),
        }));
    }
    else
    {
        PrintFuzzTable(results, packet, heap);
        Console.WriteLine(unreached.Length == 0 ? "" : "\nLines of packet and heap that no input reached:");
        foreach ((string line, string reason) in unreached)
        {
            Console.WriteLine($"  {line}\n    {reason}");
        }

        Console.WriteLine(findings.Length == 0 ? "\nNo findings." : $"\nFindings:\n  {string.Join("\n  ", findings)}");
    }

    return findings.Length > 0 ? 1 : 0;
}

void PrintFuzzTable(FuzzResult[] results, string packet, string heap)
{
    if (Console.IsOutputRedirected)
    {
        AnsiConsole.Profile.Width = FuzzTableWidth;
    }

    Table table = new Table().RoundedBorder().AddColumn("target");
    foreach (string column in (string[])["executions", "exec/s", "corpus", "new inputs", "lines packet", "lines heap", "findings"])
    {
        table.AddColumn(new TableColumn(column).RightAligned());
    }

    foreach (FuzzResult result in results)
    {
        table.AddRow(
            result.Target, Number(result.Executions), Number(result.ExecutionsPerSecond), Number(result.Corpus),
            Number(result.NewInputs), result.Packet, result.Heap, Number(result.Findings.Length));
    }

    table.AddRow(
        "all", Number(results.Sum(result => result.Executions)), "", Number(results.Sum(result => result.Corpus)),
        Number(results.Sum(result => result.NewInputs)), packet, heap, Number(results.Sum(result => result.Findings.Length)));
    AnsiConsole.Write(table);

    static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}

// The inputs of a target: what is checked in, what was found, and the seeds.
string[] InputFolders(string target) =>
    [.. ((string[])[CorpusOf(target), $"{FuzzWork}/{target}/corpus", $"{FuzzWork}/seeds/{target}"])
        .Where(folder => GetFiles($"{folder}/*").Count > 0)];

string CorpusOf(string target) => target == ItemsTarget ? ItemsCorpus : $"{FuzzCorpus}/{target}";

string FuzzerOf(string target) => target == ItemsTarget
    ? $"{FuzzWork}/{ItemsTarget}/program/Spead2.Fuzz"
    : $"build/{FuzzPreset}/native/fuzz/fuzz_{target}";

string ReplayCommand(string target, string file) => target == ItemsTarget
    ? $"dotnet run --configuration Release --project {System.IO.Path.GetDirectoryName(ItemsProject)} -- replay {file}"
    : $"build/{FuzzPreset}/native/fuzz/replay_{target} {file}";

FuzzResult ResultOf(FuzzProgress of)
{
    bool isCore = of.Target != ItemsTarget;
    Coverage reached = isCore ? Reach(of.Target) : new();
    return new(
        of.Target, of.Executions, of.Ran, InputFolders(of.Target).Sum(folder => GetFiles($"{folder}/*").Count), of.NewInputs,
        FolderLines(reached, "packet"), FolderLines(reached, "heap"),
        [.. GetFiles($"{FuzzWork}/{of.Target}/finding-*").Select(file => $"{FuzzWork}/{of.Target}/{file.GetFilename()}")]);
}

static string FolderLines(Coverage coverage, string folder) => Coverage.Percent(coverage.Lines($"native/src/{folder}"));

// Two fuzzers at a time. If there are more targets than that, each runs in two parts, so that no processor is idle in the
// end; the second part begins with what the first has found.
FuzzProgress[] RunFuzzers(string[] targets, double seconds)
{
    FuzzProgress[] all = [.. targets.Select(target => new FuzzProgress(target, seconds))];
    int parts = targets.Length > FuzzersAtATime ? 2 : 1;
    var waiting = new ConcurrentQueue<FuzzProgress>(Enumerable.Repeat(all, parts).SelectMany(one => one));
    // The table, or JSON, alone is on the standard output.
    IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
    console.Progress().Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn()).Start(context =>
    {
        Dictionary<string, ProgressTask> tasks = all.ToDictionary(of => of.Target, of => context.AddTask(of.Target, maxValue: seconds));
        System.Threading.Tasks.Task.WaitAll(
        [
            .. Enumerable.Range(0, FuzzersAtATime).Select(_ => System.Threading.Tasks.Task.Run(() =>
            {
                while (waiting.TryDequeue(out FuzzProgress next))
                {
                    RunFuzzerFor(next, seconds / parts, tasks[next.Target]);
                }
            })),
        ]);
    });
    return all;
}

// Runs a target until the time is over. A fuzzer ends at a finding; then it is started again.
void RunFuzzerFor(FuzzProgress target, double seconds, ProgressTask shown)
{
    string work = $"{FuzzWork}/{target.Target}";
    var time = Stopwatch.StartNew();
    bool goesOn = true;
    while (goesOn && time.Elapsed.TotalSeconds < seconds && Findings(work) < MostFindings)
    {
        int before = Findings(work);
        bool passed = RunFuzzer(target, shown, time, Math.Max(1, (int)(seconds - time.Elapsed.TotalSeconds)));
        // The same finding would come again and again.
        goesOn = passed || Findings(work) > before;
    }

    target.Ran += time.Elapsed.TotalSeconds;
    shown.Value = target.Ran;
}

int Findings(string work) => System.IO.Directory.GetFiles(work, "finding-*").Length;

// Whether it ended without a finding.
bool RunFuzzer(FuzzProgress target, ProgressTask shown, Stopwatch time, int seconds)
{
    string work = $"{FuzzWork}/{target.Target}";
    string[] folders = [$"{work}/corpus", CorpusOf(target.Target), $"{FuzzWork}/seeds/{target.Target}"];
    string[] options = target.Target == ItemsTarget
        ? ["guide", "--seconds", $"{seconds}", "--findings", $"{work}/finding-"]
        : [$"-max_total_time={seconds}", "-max_len=8192", "-timeout=30", "-print_final_stats=1", $"-artifact_prefix={work}/finding-"];
    string[] arguments = [.. options, .. folders.Where(System.IO.Directory.Exists)];
    using var process = new Process
    {
        StartInfo = new ProcessStartInfo(FuzzerOf(target.Target), arguments) { RedirectStandardError = true },
    };
    using StreamWriter log = System.IO.File.AppendText($"{work}/log.txt");
    process.Start();
    long before = target.Executions;
    bool reported = false;
    while (process.StandardError.ReadLine() is string line)
    {
        log.WriteLine(line);
        reported |= line.Contains("Test unit written to");
        if (FuzzNumber(line, @"^#(\d+)\s") is long count)
        {
            target.Executions = Math.Max(target.Executions, before + count);
        }
        else if (FuzzNumber(line, @"^stat::number_of_executed_units: (\d+)") is long sum)
        {
            target.Executions = before + sum;
        }
        else if (FuzzNumber(line, @"^stat::new_units_added: +(\d+)") is long added)
        {
            target.NewInputs += added;
        }

        shown.Value = target.Ran + time.Elapsed.TotalSeconds;
        shown.Description = $"{target.Target}: {target.Executions.ToString("N0", CultureInfo.InvariantCulture)} executions";
    }

    process.WaitForExit();
    return process.ExitCode == 0 || reported
        ? process.ExitCode == 0
        : throw new CakeException($"{target.Target} ended with exit code {process.ExitCode} and no finding; see {work}/log.txt");
}

long? FuzzNumber(string line, string pattern) => Regex.Match(line, pattern) is { Success: true } match ? long.Parse(match.Groups[1].Value) : null;

// Which parts of the code are reached decides, not how often: few inputs do.
void KeepInputs(string target)
{
    string[] folders = [$"{FuzzWork}/{target}/corpus", $"{FuzzWork}/seeds/{target}"];
    EnsureDirectoryExists(CorpusOf(target));
    string[] options = target == ItemsTarget ? ["merge"] : ["-merge=1", "-use_counters=0"];
    Run(FuzzerOf(target), [.. options, CorpusOf(target), .. folders.Where(System.IO.Directory.Exists)]);
}

// The program with a copy of Spead2 that counts which ways its code goes. SharpFuzz is a tool: nothing refers to it.
void BuildItemsFuzzer()
{
    string program = $"{FuzzWork}/{ItemsTarget}/program";
    string tool = $"artifacts/tools/sharpfuzz-{SharpFuzzVersion}";
    if (!DirectoryExists(tool))
    {
        Run("dotnet", "tool", "install", "SharpFuzz.CommandLine", "--version", SharpFuzzVersion, "--tool-path", tool);
    }

    CleanDirectory(program);
    Run("dotnet", "publish", ItemsProject, "--configuration", "Release", "--output", program, "--nologo");
    Run($"{tool}/sharpfuzz", $"{program}/Spead2.dll");
    CopyFileToDirectory(GetFiles($"{tool}/**/SharpFuzz.Common.dll").First(), program);
}

// Lines of native/src/packet and native/src/heap that these targets' inputs run.
Coverage Reach(params string[] targets)
{
    ForgetNativeCoverage(CoveragePreset);
    foreach (string target in targets)
    {
        // An input that is checked in may be a finding itself; then what ran is not known in full.
        if (!Succeeds($"build/{CoveragePreset}/native/fuzz/replay_{target}", ["--quiet", .. InputFolders(target)]) &&
            Findings($"{FuzzWork}/{target}") == 0)
        {
            throw new CakeException($"The inputs of {target} do not replay with the build for coverage");
        }
    }

    return ReadNativeCoverage(CoveragePreset);
}

// With the reason that is known for it.
IEnumerable<(string Line, string Reason)> UnreachedLines(Coverage reached)
{
    string[][] known =
    [
        .. System.IO.File.ReadLines(FuzzUnreached).Where(line => !line.StartsWith('#')).Select(line => line.Split(" | ")),
    ];
    foreach ((string file, int number) in reached.MissingLines("native/src/packet", "native/src/heap"))
    {
        string text = System.IO.File.ReadLines(file).ElementAt(number - 1).Trim();
        string reason = known.FirstOrDefault(entry => file.EndsWith(entry[0]) && text.StartsWith(entry[1]))?[2];
        yield return ($"{file}:{number}: {text}", reason ?? "not known: a longer run may reach it");
    }
}

// The packets of tests/vectors as inputs: alone, as datagrams and as a buffer of a stream, and for a reader. What the
// bytes around them mean is in fuzz_stream.c and fuzz_readers.c.
void WriteFuzzSeeds()
{
    const byte allFlags = 0x38; // incomplete heaps are delivered with everything
    const byte sizes = 0x1b; // four heaps, a ring of four
    const byte largestHeap = 16 << 3; // 64 KiB
    const byte alone = 0x80; // one stream, whose allocations may fail
    const byte failing = 0x40; // the same for descriptors
    const byte made = 0x80; // descriptors of packets that are made
    byte[][] streams = [[0, sizes, largestHeap], [allFlags, sizes, largestHeap], [allFlags | 1, sizes, largestHeap]];
    foreach (string target in coreTargets)
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

        for (byte countdown = 0; countdown < FailedAllocations; countdown++)
        {
            // One of the allocations for the last packet fails.
            WriteSeed("stream", $"{tag}-failing-{countdown}", [
                allFlags | alone, sizes, largestHeap, .. sized[..^1].SelectMany(packet => (byte[])[0, .. packet]),
                7, (byte)(countdown << 1), 0, .. sized[^1]]);
        }

        for (byte flavour = 4; flavour <= 5; flavour++)
        {
            byte[] item = [.. packets.SelectMany(packet => packet)];
            WriteSeed("descriptor", $"{tag}-{flavour}", [0, flavour, .. item]);
            WriteSeed("descriptor", $"{tag}-{flavour}-failing", [failing, flavour, 2, .. item]);
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

    // Ranges of a heap: every other byte, upwards and downwards, and then what is between. An allocation fails for the
    // many ranges, or for the second one.
    WriteSeed("stream", "no-arguments", [allFlags, sizes, largestHeap, 10]);
    foreach (byte distance in (byte[])[2, 0xfe])
    {
        byte[] first = [9, 1, 0, 0, distance, 1, 1];
        byte[] spread = [9, 1, 0x10, 0, distance, 1, 255];
        byte[] more = [9, 1, 0x20, 0, distance, 1, 255];
        byte[] between = [9, 1, 0x10, 1, distance, 1, 255];
        WriteSeed("stream", $"spread-{distance}", [allFlags, sizes, largestHeap, .. spread, .. more, .. between, 3, 1]);
        for (byte countdown = 0; countdown < 5 * FailedAllocations; countdown++)
        {
            byte[] fail = [7, (byte)(countdown << 1)];
            WriteSeed("stream", $"spread-{distance}-failing-{countdown}", [
                allFlags | alone, sizes, largestHeap, .. fail, .. spread, 3, 1]);
            WriteSeed("stream", $"second-{distance}-failing-{countdown}", [
                allFlags | alone, sizes, largestHeap, .. first, .. fail, .. spread, 3, 1]);
        }
    }

    // Descriptors that are made: a text that is too long, too many fields, too many dimensions, one that is right, and that
    // with an allocation that fails. A packet is its form, cnt, heap length, offset, payload length, items.
    byte[] id = [0x94, 0x10, 0];
    foreach (byte part in (byte[])[0x10, 0x11, 0x12, 0x13, 0x15])
    {
        byte[] large = [0x25, 1, 0x0f, 0xff, 0, 0, 0x0f, 0xff, .. id, part, 0, 0];
        byte[] unsized = [0x2d, 1, 0, 0, 0, 0, 0x0f, 0xff, .. id, part, 0, 0];
        byte[] small = [0x25, 1, 0, 14, 0, 0, 0, 14, .. id, part, 0, 0];
        byte[] rest =
        [
            .. from packet in Enumerable.Range(1, 16)
               let offset = packet * 0xfff
               from value in (byte[])[0x0d, 1, 0, 0, (byte)(offset >> 8), (byte)offset, 0x0f, 0xff]
               select value,
        ];
        WriteSeed("descriptor", $"made-{part}", [made, 2, .. large]);
        WriteSeed("descriptor", $"made-{part}-unsized", [made, 2, .. unsized, .. rest]);
        WriteSeed("descriptor", $"made-{part}-again", [made, 2, .. unsized, .. large, .. small]);
        for (byte countdown = 0; countdown < FailedAllocations; countdown++)
        {
            WriteSeed("descriptor", $"made-{part}-failing-{countdown}", [made | failing, 2, countdown, .. small]);
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
