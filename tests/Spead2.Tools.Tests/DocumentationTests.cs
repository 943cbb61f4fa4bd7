// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.RegularExpressions;

namespace Spead2.Tools.Tests;

/// <summary>Pages say what is so: their packet decodes, their statistics exist, their links lead somewhere.</summary>
[TestFixture]
public sealed partial class DocumentationTests
{
    private static readonly string Documents = Path.Combine(RepositoryFiles.Root, "docs");

    private static IEnumerable<string> Pages { get; } =
    [
        .. Directory.EnumerateFiles(RepositoryFiles.Root, "*.md"),
        .. Directory.EnumerateFiles(Documents, "*.md", SearchOption.AllDirectories),
    ];

    [Test]
    public async Task Packet_of_the_introduction_is_the_heap_it_describes()
    {
        string page = await File.ReadAllTextAsync(Path.Combine(Documents, "what-is-spead.md"));
        IEnumerable<byte> packet = EightBytes().Matches(page)
            .SelectMany(line => Convert.FromHexString(line.Groups["bytes"].Value.Replace(" ", "", StringComparison.Ordinal)));
        using var file = PacketFile.OfBytes(packet);

        CommandResult result = await InProcess.RunAsync("recv", "--file", file.Path, "--json");

        using JsonDocument line = JsonDocument.Parse(result.Heaps.Single());
        JsonElement heap = line.RootElement;
        Assert.Multiple(() =>
        {
            Assert.That(result.Error, Is.Empty);
            Assert.That(heap.GetProperty("cnt").GetUInt64(), Is.EqualTo(1));
            Assert.That(heap.GetProperty("complete").GetBoolean());
            Assert.That(heap.GetProperty("received").GetInt64(), Is.EqualTo(8));
            Assert.That(
                heap.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetInt32()),
                Is.EquivalentTo(new[] { 0x1600, 0x4300 }));
        });
    }

    [Test]
    public void Troubleshooting_names_statistics_that_exist()
    {
        using var stream = new Spead2.Receive.ReceiveStream();
        string page = File.ReadAllText(Path.Combine(Documents, "troubleshooting.md"));
        string table = page[page.IndexOf("| Statistic |", StringComparison.Ordinal)..];
        string[] names =
        [
            .. StatisticRow().Matches(table).SelectMany(row => Code().Matches(row.Groups["cell"].Value))
                .Select(name => name.Groups["name"].Value).Distinct(),
        ];

        Assert.That(names, Is.Not.Empty.And.SubsetOf(stream.Statistics.Keys));
    }

    [Test]
    public void Links_between_pages_lead_to_files_and_headings()
    {
        IEnumerable<string> broken =
            from page in Pages
            from Match link in Link().Matches(File.ReadAllText(page))
            let target = link.Groups["target"].Value
            where !target.Contains("://", StringComparison.Ordinal) && !Exists(page, target)
            select $"{Path.GetRelativePath(RepositoryFiles.Root, page)}: {target}";

        Assert.That(broken, Is.Empty);
    }

    [Test]
    public void Contents_have_every_page([Values("README.md", "toc.yml")] string contents)
    {
        string text = File.ReadAllText(Path.Combine(Documents, contents));

        Assert.That(
            Directory.EnumerateFiles(Documents, "*.md").Select(page => Path.GetFileName(page)).Where(
                page => page != "README.md" && !text.Contains(page, StringComparison.Ordinal)),
            Is.Empty);
    }

    private static bool Exists(string page, string target)
    {
        string[] parts = target.Split('#');
        string file = parts[0].Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, parts[0]);
        return parts.Length == 1
            ? Path.Exists(file)
            : File.Exists(file) && Anchors(File.ReadAllText(file)).Contains(parts[1]);
    }

    /// <summary>What the headings of a page are linked by.</summary>
    private static IEnumerable<string> Anchors(string text) =>
        from Match heading in Heading().Matches(text)
        select NotInAnchors().Replace(heading.Groups["text"].Value.ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex("^(?<bytes>(?:[0-9a-f]{2} ){8})", RegexOptions.Multiline)]
    private static partial Regex EightBytes();

    [GeneratedRegex(@"^\| (?<cell>`[^|]*) \|", RegexOptions.Multiline)]
    private static partial Regex StatisticRow();

    [GeneratedRegex("`(?<name>[a-z_]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
