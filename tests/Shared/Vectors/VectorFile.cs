// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Testing.Vectors;

/// <summary>Reads files with test vectors (tests/vectors/README.md).</summary>
internal static class VectorFile
{
    private static readonly string[] Settings = ["case", "order", "options", "feed"];

    /// <summary>The runs of a file's cases: one for each order of packets.</summary>
    public static IEnumerable<Vector> Read(string path)
    {
        string tag = Path.GetFileNameWithoutExtension(path);
        string[][] lines =
            [.. File.ReadLines(path)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length > 0 && words[0][0] != '#')];
        (string[][] head, List<string[][]> cases) = Split(lines, "case");
        (_, List<string[][]> packets) = Split(head, "packet");
        Dictionary<string, byte[]> bytes = packets.ToDictionary(
            packet => packet[0][1], packet => packet[1..].SelectMany(words => words).Select(ParseByte).ToArray());
        return cases.SelectMany(section => ReadCase(tag, section, bytes));
    }

    /// <summary>A number, decimal or hex with 0x.</summary>
    public static long ParseNumber(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? Convert.ToInt64(text, 16)
        : long.Parse(text, CultureInfo.InvariantCulture);

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
                FeedsBuffer = feed[0] == "buffer",
                Packets = [.. feed[1..].Select(name => packets[name])],
                Heaps = [.. heaps.Select(ExpectedHeap.Read)],
                Statistics = isStatistics[true].SelectMany(words => words[1..].Chunk(2))
                    .ToDictionary(pair => pair[0], pair => pair[1] == "any" ? null : (long?)ParseNumber(pair[1])),
            };
        }
    }
}
