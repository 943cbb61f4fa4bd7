// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Spead2.Fuzz.Items;

namespace Spead2.Fuzz.Guided;

/// <summary>
/// Fuzzing that is guided by coverage: an input that makes Spead2 go a way that it has not gone before is kept and changed
/// further. Its arguments and lines are like those of libFuzzer.
/// </summary>
internal sealed class GuidedFuzz
{
    private const int GeneratedSeeds = 2000;
    private const int RunsPerLine = 50_000;
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(30);

    private readonly CoverageMap _map = CoverageMap.Open();
    private readonly ItemTally _tally = new() { Seed = 0 };
    private readonly List<byte[]> _inputs = [];
    private readonly string _corpus;
    private readonly string _findingPrefix;
    private readonly Random _random;
    private long _runs;
    private long _added;
    private long _runsAtLook = -1;

    /// <summary>Prepares a run.</summary>
    /// <param name="corpus">Folder that gets the inputs that are new.</param>
    /// <param name="findingPrefix">How the paths of findings begin.</param>
    /// <param name="seed">Of the changes.</param>
    public GuidedFuzz(string corpus, string findingPrefix, int seed)
    {
        _corpus = corpus;
        _findingPrefix = findingPrefix;
        _random = new(seed);
    }

    /// <summary>Runs until the time is over or there is a finding; whether there is none.</summary>
    public bool Run(TimeSpan duration, IEnumerable<string> folders)
    {
        using var running = new RunningInput(Path.Combine(_corpus, "..", "running"));
        using var watch = new Timer(_ => EndIfStuck(running), null, MostTime, MostTime);
        bool passed = ReportCrash(running);
        var time = Stopwatch.StartNew();
        foreach (byte[] input in folders.SelectMany(Files).Concat(Seeds()))
        {
            passed = passed && Try(running, input, isSaved: false);
        }

        while (passed && time.Elapsed < duration)
        {
            passed = Try(running, Next(), isSaved: true);
        }

        running.Write([]);
        Console.Error.WriteLine($"stat::number_of_executed_units: {_runs}");
        Console.Error.WriteLine($"stat::new_units_added:          {_added}");
        return passed;
    }

    /// <summary>Adds the inputs to a folder, smallest first, that reach code which those there do not reach.</summary>
    public static void Merge(string to, IEnumerable<string> from)
    {
        CoverageMap map = CoverageMap.Open();
        var tally = new ItemTally { Seed = 0 };
        foreach (byte[] input in Files(to))
        {
            Reaches(input);
        }

        foreach (byte[] input in from.SelectMany(Files).OrderBy(input => input.Length))
        {
            if (Reaches(input))
            {
                Save(to, input);
            }
        }

        Console.Error.WriteLine($"{map.Steps} steps");

        bool Reaches(byte[] input)
        {
            ItemInput.Run(input, tally, map.Clear, _ => { });
            return map.Add(counted: false);
        }
    }

    private static IEnumerable<byte[]> Files(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes).Select(Cut)
        : [];

    private static byte[] Cut(byte[] input) =>
        input.Length <= ItemInput.LongestInput ? input : input[..ItemInput.LongestInput];

    private static string Save(string folder, byte[] input)
    {
        string path = Path.Combine(folder, Name(input));
        File.WriteAllBytes(path, input);
        return path;
    }

    // A name, as libFuzzer gives it, is no secret.
#pragma warning disable CA5350
    private static string Name(byte[] input) => Convert.ToHexStringLower(SHA1.HashData(input));
#pragma warning restore CA5350

    private bool Try(RunningInput running, byte[] input, bool isSaved)
    {
        running.Write(input);
        _runs++;
        try
        {
            ItemInput.Run(input, _tally, _map.Clear, _ => { });
        }
        catch (Exception exception)
        {
            Report("", input, exception.ToString());
            return false;
        }

        if (_map.Add(counted: true))
        {
            _inputs.Add(input);
            if (isSaved)
            {
                Save(_corpus, input);
                _added++;
            }
        }

        if (_runs % RunsPerLine == 0)
        {
            Console.Error.WriteLine($"#{_runs} steps: {_map.Steps} inputs: {_inputs.Count}");
        }

        return true;
    }

    private byte[] Next()
    {
        byte[] input = _random.Next(20) == 0 || _inputs.Count == 0
            ? Generate(_random.Next())
            : Mutator.Mutate(_random, Pick());
        if (_random.Next(4) == 0)
        {
            byte[] other = Pick();
            input = [.. input.AsSpan(0, _random.Next(input.Length + 1)), .. other.AsSpan(_random.Next(other.Length + 1))];
        }

        return Cut(input);
    }

    // Rather one that is young, and short, because that is soon run.
    private byte[] Pick()
    {
        byte[] one = PickYoung();
        byte[] other = PickYoung();
        return one.Length < other.Length ? one : other;
    }

    private byte[] PickYoung() => _inputs.Count == 0
        ? []
        : _inputs[Math.Max(_random.Next(_inputs.Count), _random.Next(_inputs.Count))];

    private static IEnumerable<byte[]> Seeds() => Enumerable.Range(0, GeneratedSeeds).Select(Generate).Select(Cut);

    private static byte[] Generate(int seed)
    {
        var random = new Random(seed);
        var generator = new ItemCaseGenerator(seed);
        if (random.Next(2) == 0)
        {
            return ItemBytes.Write(generator.Create());
        }

        Flavour flavour = ItemBytes.ReadFlavour((byte)random.Next(0x40));
        byte[] value = new byte[random.Next(200)];
        random.NextBytes(value);
        bool hasFormat = random.Next(2) == 0;
        byte[][] parts =
        [
            [(byte)'n'], [], hasFormat ? generator.CreateFormat(flavour) : [], generator.CreateShape(flavour),
            hasFormat ? [] : Encoding.Latin1.GetBytes(DtypeText.Create(random)),
        ];
        return ItemBytes.WriteMade(flavour, (ushort)(0x60 + random.Next(4)), parts, value);
    }

    private bool ReportCrash(RunningInput running)
    {
        byte[] input = running.Read();
        if (input.Length == 0)
        {
            return true;
        }

        running.Write([]);
        Report("crash-", input, "the process ended");
        return false;
    }

    private void EndIfStuck(RunningInput running)
    {
        // The same input at two looks in a row may be two runs; then the count of runs differs.
        if (_runs == Interlocked.Exchange(ref _runsAtLook, _runs))
        {
            byte[] input = running.Read();
            running.Write([]);
            Report("timeout-", input, $"an input takes more than {MostTime}");
            Environment.Exit(1);
        }
    }

    private void Report(string kind, byte[] input, string problem)
    {
        string path = $"{_findingPrefix}{kind}{Name(input)}";
        File.WriteAllBytes(path, input);
        Console.Error.WriteLine($"{problem}\nTest unit written to {path}");
    }
}
