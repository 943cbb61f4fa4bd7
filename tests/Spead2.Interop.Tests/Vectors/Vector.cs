// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;

namespace Spead2.Interop.Tests.Vectors;

/// <summary>One run of a test vector (tests/vectors/README.md) with its expected result.</summary>
public sealed class Vector
{
    private readonly List<HeapText> _heaps = [];
    private readonly Dictionary<string, string> _statistics = [];

    private Vector(string name)
    {
        Name = name;
    }

    public string Name { get; }

    public ReceiveStreamOptions Options { get; private set; } = new();

    public bool FeedsBuffer { get; private set; }

    public IReadOnlyList<ReadOnlyMemory<byte>> Packets { get; private set; } = [];

    public IReadOnlyList<HeapText> Heaps => _heaps;

    /// <summary>Statistics that are not 0; the value <c>any</c> is not compared.</summary>
    public IReadOnlyDictionary<string, string> Statistics => _statistics;

    public static IEnumerable<Vector> ReadAll(string directory) =>
        Directory.EnumerateFiles(directory, "*.txt").Order(StringComparer.Ordinal).SelectMany(Read);

    private static List<Vector> Read(string path)
    {
        string tag = Path.GetFileNameWithoutExtension(path);
        Dictionary<string, List<byte>> packets = [];
        List<Vector> vectors = [];
        List<byte> bytes = [];

        // The runs of the case that is being read: two where the order of packets makes no difference.
        List<Vector> runs = [];
        string title = "";
        string[] options = [];

        foreach (string line in File.ReadLines(path))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0].StartsWith('#'))
            {
                continue;
            }

            string rest = string.Join(' ', words[1..]);
            switch (words[0])
            {
                case "tag" or "title":
                    break;
                case "packet":
                    packets[words[1]] = bytes = [];
                    break;
                case "case":
                    title = rest;
                    options = [];
                    break;
                case "order":
                    runs = [.. OrdersOf(words[1]).Select(order => new Vector($"{tag}: {title} ({order} order)"))];
                    vectors.AddRange(runs);
                    break;
                case "options":
                    options = words[1..];
                    break;
                case "feed":
                    foreach (Vector run in runs)
                    {
                        run.Options = ParseOptions(options, run.Name.EndsWith("(in order)", StringComparison.Ordinal));
                        run.FeedsBuffer = words[1] == "buffer";
                        run.Packets = [.. words[2..].Select(name => new ReadOnlyMemory<byte>([.. packets[name]]))];
                    }

                    break;
                case "heap":
                    HeapText heap = new(ParseNumber(words[1]));
                    runs.ForEach(run => run._heaps.Add(heap));
                    break;
                case "stats":
                    runs.ForEach(run => run.AddStatistics(words[1..]));
                    break;
                case { Length: 2 } when runs.Count == 0 || runs[^1]._heaps.Count == 0:
                    bytes.AddRange(words.Select(word => Convert.ToByte(word, 16)));
                    break;
                default:
                    runs[^1]._heaps[^1].Add(words);
                    break;
            }
        }

        return vectors;
    }

    public static long ParseNumber(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? Convert.ToInt64(text, 16)
        : long.Parse(text, CultureInfo.InvariantCulture);

    public override string ToString() => Name;

    private static string[] OrdersOf(string word) => word == "both" ? ["in", "any"] : [word];

    private static ReceiveStreamOptions ParseOptions(string[] options, bool inOrder)
    {
        Dictionary<string, int> given = options.Select(option => option.Split('='))
            .ToDictionary(parts => parts[0], parts => parts.Length == 1 ? 1 : (int)ParseNumber(parts[1]));
        return new()
        {
            AllowOutOfOrder = !inOrder,
            AllowUnsizedHeaps = !given.Remove("no_unsized_heaps"),
            StopOnStopItem = !given.Remove("ignore_stop_item"),
            ContiguousOnly = !given.Remove("deliver_incomplete"),
            IncompleteKeepPayloadRanges = given.Remove("keep_ranges"),
            IncompleteKeepPayload = given.Remove("keep_incomplete_payload"),
            MaxHeaps = given.Remove("max_heaps", out int maxHeaps) ? maxHeaps : ReceiveStreamOptions.DefaultMaxHeaps,
            BugCompat = given.Remove("bug_compat", out int bugCompat) ? (BugCompat)bugCompat : BugCompat.None,
            Substreams = given.Count == 0 ? 1 : throw new FormatException($"Unknown option {given.First().Key}."),
        };
    }

    private void AddStatistics(string[] words)
    {
        foreach (string[] pair in words.Chunk(2))
        {
            _statistics.Add(pair[0], pair[1]);
        }
    }
}
