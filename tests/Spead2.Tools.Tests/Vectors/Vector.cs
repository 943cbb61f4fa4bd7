// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Tools.Tests.Vectors;

/// <summary>
/// One run of a test vector (tests/vectors/README.md): what the command is given, and what it must print.
/// </summary>
public sealed class Vector
{
    private static readonly Dictionary<string, string[]> ArgumentsOfOptions = new()
    {
        ["no_unsized_heaps"] = ["--no-unsized-heaps"],
        ["ignore_stop_item"] = ["--ignore-stop-item"],

        // The command does not show an incomplete heap without its ranges and the hash of its payload.
        ["deliver_incomplete"] = ["--incomplete"],
        ["keep_ranges"] = [],
        ["keep_incomplete_payload"] = [],
        ["max_heaps"] = ["--max-heaps"],
        ["bug_compat"] = ["--bug-compat"],
    };

    private readonly List<string> _arguments = [];
    private readonly List<ExpectedHeap> _heaps = [];
    private readonly Dictionary<string, string> _statistics = [];
    private readonly string _name;

    private Vector(string name, bool inOrder)
    {
        _name = name;
        if (inOrder)
        {
            _arguments.Add("--in-order");
        }
    }

    /// <summary>Arguments of `recv` besides the file.</summary>
    public IReadOnlyList<string> Arguments => _arguments;

    /// <summary>Whether the packets are one buffer; else each is a datagram.</summary>
    public bool IsBuffer { get; private set; }

    public IReadOnlyList<byte[]> Packets { get; private set; } = [];

    public IReadOnlyList<ExpectedHeap> Heaps => _heaps;

    /// <summary>Statistics that are not 0.</summary>
    public IReadOnlyDictionary<string, string> Statistics => _statistics;

    /// <summary>All runs of all vectors.</summary>
    public static List<Vector> ReadAll(string directory) =>
        [.. Directory.EnumerateFiles(directory, "*.txt").Order(StringComparer.Ordinal).SelectMany(ReadFile)];

    public static long ParseNumber(string text) =>
        text.StartsWith("0x", StringComparison.Ordinal)
            ? long.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : long.Parse(text, CultureInfo.InvariantCulture);

    public override string ToString() => _name;

    private static List<Vector> ReadFile(string path)
    {
        string tag = Path.GetFileNameWithoutExtension(path);
        string[][] lines =
            [.. File.ReadLines(path)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length > 0 && words[0][0] != '#')];
        int firstCase = Array.FindIndex(lines, words => words[0] == "case");
        Dictionary<string, byte[]> packets = ReadPackets(lines[..firstCase]);
        var runs = new List<Vector>();
        for (int start = firstCase; start < lines.Length;)
        {
            int next = Array.FindIndex(lines, start + 1, words => words[0] == "case");
            int end = next < 0 ? lines.Length : next;
            runs.AddRange(ReadCase(tag, lines[start..end], packets));
            start = end;
        }

        return runs;
    }

    private static Dictionary<string, byte[]> ReadPackets(string[][] lines)
    {
        var packets = new Dictionary<string, byte[]>();
        string name = "";
        foreach (string[] words in lines.Where(words => words[0] is not ("tag" or "title")))
        {
            if (words[0] == "packet")
            {
                name = words[1];
                packets[name] = [];
            }
            else
            {
                packets[name] = [.. packets[name], .. words.Select(word => Convert.ToByte(word, 16))];
            }
        }

        return packets;
    }

    // An order of `both` is two runs.
    private static IEnumerable<Vector> ReadCase(string tag, string[][] lines, Dictionary<string, byte[]> packets)
    {
        string title = string.Join(' ', lines[0][1..]);
        string order = lines.Single(words => words[0] == "order")[1];
        foreach (bool inOrder in new[] { false, true })
        {
            if (order != (inOrder ? "any" : "in"))
            {
                var run = new Vector($"{tag}: {title} ({(inOrder ? "in order" : "any order")})", inOrder);
                Array.ForEach(lines[1..], words => run.Add(words, packets));
                yield return run;
            }
        }
    }

    private void Add(string[] words, Dictionary<string, byte[]> packets)
    {
        switch (words[0])
        {
            case "order":
                break;
            case "options":
                _arguments.AddRange(words[1..].Select(word => word.Split('='))
                    .SelectMany(option => ArgumentsOfOptions[option[0]].Concat(option[1..])));
                break;
            case "feed":
                IsBuffer = words[1] == "buffer";
                Packets = [.. words[2..].Select(name => packets[name])];
                break;
            case "heap":
                _heaps.Add(new ExpectedHeap(ParseNumber(words[1])));
                break;
            case "stats":
                foreach (string[] pair in words[1..].Chunk(2))
                {
                    _statistics.Add(pair[0], pair[1]);
                }

                break;
            default:
                _heaps[^1].Add(words);
                break;
        }
    }
}
