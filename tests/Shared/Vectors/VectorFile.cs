// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Testing.Vectors;

/// <summary>Reads files with test vectors (tests/vectors/README.md).</summary>
internal static class VectorFile
{
    private static readonly string[] Settings = ["case", "order", "options", "dialect", "suggests", "feed"];
    private static readonly string[] ItemWords = ["case", "bug_compat", "update", "item", "refused", "sent"];

    /// <summary>The runs of a file's cases: one for each order of packets.</summary>
    public static IEnumerable<Vector> Read(string path)
    {
        (string[][] head, List<string[][]> cases) = Split(ReadLines(path), "case");
        Dictionary<string, byte[]> packets = ReadPackets(head);
        return cases.SelectMany(section => ReadCase(Path.GetFileNameWithoutExtension(path), section, packets));
    }

    /// <summary>The cases of a file about the items of a vector, whose packets are in the folder above.</summary>
    public static IEnumerable<ItemVector> ReadItems(string path)
    {
        string file = Path.GetFileName(path);
        string vector = Path.Combine(Path.GetDirectoryName(path)!, "..", file);
        (string[][] head, _) = Split(ReadLines(vector), "case");
        Dictionary<string, byte[]> packets = ReadPackets(head);
        (_, List<string[][]> cases) = Split(ReadLines(path), "case");
        return cases.Select(section => ReadItemCase(Path.GetFileNameWithoutExtension(file), section, packets));
    }

    /// <summary>A number, decimal or hex with 0x.</summary>
    public static long ParseNumber(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? Convert.ToInt64(text, 16)
        : long.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>The words for single bytes of a line.</summary>
    public static IEnumerable<string> ParseBytes(string[] words) =>
        words[0] == "repeat" ? Enumerable.Repeat(words[2], (int)ParseNumber(words[1])) : words;

    /// <summary>Two characters, a byte in hex.</summary>
    public static byte ParseByte(string text) =>
        byte.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>What is above the first line with that first word, and the sections that begin with one.</summary>
    private static (string[][] Head, List<string[][]> Sections) Split(string[][] lines, string firstWord)
    {
        List<string[][]> sections = [];
        for (int i = lines.Length - 1; i >= 0; i--)
        {
            if (lines[i][0] == firstWord)
            {
                sections.Insert(0, lines[i..]);
                lines = lines[..i];
            }
        }

        return (lines, sections);
    }

    private static string[][] ReadLines(string path) =>
        [.. File.ReadLines(path)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length > 0 && words[0][0] != '#')];

    private static Dictionary<string, byte[]> ReadPackets(string[][] head)
    {
        (_, List<string[][]> packets) = Split(head, "packet");
        return packets.ToDictionary(
            packet => packet[0][1], packet => packet[1..].SelectMany(ParseBytes).Select(word => ParseByte(word)).ToArray());
    }

    private static ItemVector ReadItemCase(string tag, string[][] lines, Dictionary<string, byte[]> packets)
    {
        ILookup<string, string[]> byWord = lines.ToLookup(words => words[0], words => words[1..]);
        Assert.That(byWord.Select(group => group.Key), Is.SubsetOf(ItemWords), tag);
        return new()
        {
            Name = $"{tag}: {string.Join(' ', byWord["case"].Single())}",
            BugCompat = (BugCompat)byWord["bug_compat"].Select(words => ParseNumber(words[0])).SingleOrDefault(),
            Packets = [.. byWord["update"].Single().Select(name => packets[name])],
            Items = [.. byWord["item"].Select(ExpectedValue.Read)],
            Refused = byWord["refused"].Select(ExpectedValue.Read).SingleOrDefault(),
            IsSent = byWord.Contains("sent"),
        };
    }

    private static IEnumerable<Vector> ReadCase(string tag, string[][] lines, Dictionary<string, byte[]> packets)
    {
        ILookup<bool, string[]> isStatistics = lines.ToLookup(words => words[0] == "stats");
        (string[][] head, List<string[][]> heaps) = Split([.. isStatistics[false]], "heap");
        Dictionary<string, string[]> settings = head.ToDictionary(words => words[0], words => words[1..]);
        Assert.That(settings.Keys, Is.SubsetOf(Settings), tag);

        string title = string.Join(' ', settings["case"]);
        string[] order = settings["order"];
        string[] feed = settings["feed"];
        foreach (string run in order[0] == "both" ? ["in", "any"] : order)
        {
            yield return new()
            {
                Name = $"{tag}: {title} ({run} order)",
                InOrder = run == "in",
                Options = settings.GetValueOrDefault("options", []).Select(option => option.Split('='))
                    .ToDictionary(parts => parts[0], parts => parts.Length == 1 ? null : (int?)ParseNumber(parts[1])),
                Dialect = settings.GetValueOrDefault("dialect")?[0],
                Suggests = settings.GetValueOrDefault("suggests")?[0],
                FeedsBuffer = feed[0] == "buffer",
                Packets = [.. feed[1..].Select(name => packets[name])],
                Heaps = [.. heaps.Select(ExpectedHeap.Read)],
                Statistics = isStatistics[true].SelectMany(words => words[1..].Chunk(2))
                    .ToDictionary(pair => pair[0], pair => pair[1] == "any" ? null : (long?)ParseNumber(pair[1])),
            };
        }
    }
}
