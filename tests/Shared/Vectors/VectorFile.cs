// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Testing.Vectors;

/// <summary>Reads files with test vectors (tests/vectors/README.md).</summary>
internal static class VectorFile
{
    /// <summary>The runs of a file's cases: one for each order of packets.</summary>
    public static IEnumerable<Vector> Read(string path)
    {
        string tag = Path.GetFileNameWithoutExtension(path);
        string[][] lines =
            [.. File.ReadLines(path)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length > 0 && words[0][0] != '#')];
        List<string[][]> cases = Sections(lines, "case");
        Dictionary<string, byte[]> packets =
            Sections(lines[..^cases.Sum(section => section.Length)], "packet").ToDictionary(NameOf, BytesOf);
        return cases.SelectMany(section => ReadCase(tag, section, packets));
    }

    /// <summary>A number, decimal or hex with 0x.</summary>
    public static long ParseNumber(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? Convert.ToInt64(text, 16)
        : long.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Two characters, a byte in hex.</summary>
    public static byte ParseByte(string text) =>
        byte.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>The parts that begin with a word; what is above the first is left out.</summary>
    private static List<string[][]> Sections(string[][] lines, string firstWord)
    {
        List<string[][]> sections = [];
        int end = lines.Length;
        for (int i = end - 1; i >= 0; i--)
        {
            if (lines[i][0] == firstWord)
            {
                sections.Insert(0, lines[i..end]);
                end = i;
            }
        }

        return sections;
    }

    private static string NameOf(string[][] packet) => packet[0][1];

    private static byte[] BytesOf(string[][] packet) => [.. packet[1..].SelectMany(words => words).Select(ParseByte)];

    private static IEnumerable<Vector> ReadCase(string tag, string[][] lines, Dictionary<string, byte[]> packets)
    {
        string title = string.Join(' ', lines[0][1..]);
        string[] options = LineOf(lines, "options") ?? [];
        string[] feed = LineOf(lines, "feed") ?? throw Misses("feed");
        string[] order = LineOf(lines, "order") ?? throw Misses("order");
        string[][] heaps = [.. lines.Where(words => words[0] is not ("case" or "order" or "options" or "feed" or "stats"))];
        foreach (string run in order[0] == "both" ? ["in", "any"] : order)
        {
            yield return new()
            {
                Name = $"{tag}: {title} ({run} order)",
                InOrder = run == "in",
                Options = options.Select(option => option.Split('='))
                    .ToDictionary(parts => parts[0], parts => parts.Length == 1 ? null : (int?)ParseNumber(parts[1])),
                FeedsBuffer = feed[0] == "buffer",
                Packets = [.. feed[1..].Select(name => packets[name])],
                Heaps = [.. Sections(heaps, "heap").Select(ExpectedHeap.Read)],
                Statistics = lines.Where(words => words[0] == "stats").SelectMany(words => words[1..].Chunk(2))
                    .ToDictionary(pair => pair[0], pair => pair[1] == "any" ? null : (long?)ParseNumber(pair[1])),
            };
        }

        FormatException Misses(string word) => new($"{tag}: {title} has no line '{word}'.");
    }

    private static string[]? LineOf(string[][] lines, string firstWord) =>
        lines.SingleOrDefault(words => words[0] == firstWord)?[1..];
}
