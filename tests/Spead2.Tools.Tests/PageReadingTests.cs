// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Spead2.Receive;
using Spead2.Receive.Pages;
using Spead2.Tools.Top;

namespace Spead2.Tools.Tests;

/// <summary>Pages that anybody may have written, and what two readings of a good one say.</summary>
[TestFixture]
public sealed partial class PageReadingTests
{
    private static readonly DateTime Now = new(2026, 11, 29, 12, 0, 0, DateTimeKind.Utc);

    [Test]
    public void Page_is_read()
    {
        PageReading page = Parse(Page(("heaps", 7), ("heaps_missing", 2)))!;

        Assert.That((page.Name, page.HasStopped, page["heaps"], page["heaps_missing"], page["other"]), Is.EqualTo(("beam", false, 7, 2, 0)));
        Assert.That(page.Sources, Is.EqualTo(new[] { new PageSource("Udp 127.0.0.1:7148", 5, 6, 7) }));
        Assert.That(page.Updated, Is.EqualTo(Now));
    }

    [TestCase(0, 0x54)]
    [TestCase(8, 2)]
    [TestCase(12, 0)]
    [TestCase(80, 129)]
    [TestCase(83, 0x80)]
    [TestCase(84, 9)]
    public void Page_that_breaks_a_rule_is_none(int at, byte value)
    {
        byte[] page = Page();
        page[at] = value;

        Assert.That(Parse(page), Is.Null);
    }

    [Test]
    public void Page_that_was_never_written_is_none()
    {
        byte[] page = Page();
        page.AsSpan(PageLayout.UpdatedAt, sizeof(ulong)).Clear();

        Assert.That(Parse(page), Is.Null);
    }

    [Test]
    public void Short_page_is_none([Values(0, 1, 24, 151, PageLayout.Size - 1)] int length) =>
        Assert.That(Parse(Page()[..length]), Is.Null);

    [Test]
    public void Random_pages_are_harmless()
    {
        Random random = new(1);
        for (int i = 0; i < 2000; i++)
        {
            byte[] page = Page(("heaps", 7));
            for (int changes = random.Next(1, 40); changes > 0; changes--)
            {
                page[random.Next(PageLayout.VersionAt, page.Length)] = (byte)random.Next(256);
            }

            if (Parse(page) is { } reading)
            {
                StreamView view = new(reading, reading, Now);
                Assert.That(() => TopTable.Lines([view], 79).Concat(TopTable.Lines([view], 39)).Count(), Throws.Nothing);
            }
        }
    }

    [Test]
    public void Largest_numbers_are_harmless()
    {
        byte[] page = Page([.. Enumerable.Range(0, 128).Select(i => ($"statistic{i}", long.MaxValue))]);
        page.AsSpan(PageLayout.SourcesAt).Fill(0xff);
        PageReading reading = Parse(page)!;

        Assert.That(reading["statistic0"], Is.GreaterThan(0));
        Assert.That(new StreamView(reading, reading, Now).Verdict.Text, Is.Not.Empty);
    }

    [Test]
    public void Links_pipes_and_folders_are_no_pages()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string file = Path.Combine(folder, "file");
        string link = Path.Combine(folder, "link");
        string pipe = Path.Combine(folder, "pipe");
        File.WriteAllBytes(file, Page());
        File.CreateSymbolicLink(link, file);
        using (var process = System.Diagnostics.Process.Start("mkfifo", [pipe]))
        {
            process.WaitForExit();
        }

        Assert.That(PageReading.Read(file), Is.Not.Null);
        Assert.That(new[] { link, pipe, folder, Path.Combine(folder, "none") }.Select(PageReading.Read), Is.All.Null);
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public void Page_that_is_being_written_is_not_shown()
    {
        string file = Path.GetTempFileName();
        byte[] page = Page();
        page[PageLayout.SequenceAt] = 1;
        File.WriteAllBytes(file, page);

        Assert.That(PageReading.Read(file), Is.Null);
        File.Delete(file);
    }

    [TestCase("packets=0", "No packet has arrived yet.")]
    [TestCase("packets=9 heaps=9 heaps_accounted=9", "No loss is known.")]
    [TestCase("packets=9 heaps=9", "All heaps that came are complete; missing ones are not counted.")]
    [TestCase("packets=9 heaps=9 kernel_drop_messages+1", "The kernel drops packets: the receiver is too slow, or the socket buffer too small.")]
    [TestCase("packets=9 heaps=9 heaps_missing+1", "Heaps are being lost on the way here.")]
    [TestCase("packets=9 heaps=9 malformed_magic+1", "Packets are refused: malformed_magic.")]
    [TestCase("packets=9 heaps=9 heaps_missing=1", "All is well now; there were losses before.")]
    [TestCase("packets=9 heaps=9 heaps_uncertain=2", "Heaps that others have overtaken may still come, or are lost: 2.")]
    [TestCase("malformed_magic=1", "Packets arrive, but no heap yet.", false)]
    public void Verdict_names_what_is_wrong_now(string statistics, string verdict, bool hasHeap = true)
    {
        (string, long)[] now = [.. statistics.Split(' ').Select(word => word.Split('=', '+')).Select(parts => (parts[0], long.Parse(parts[1], CultureInfo.InvariantCulture)))];
        (string, long)[] before = [.. now.Where(pair => statistics.Contains($"{pair.Item1}=", StringComparison.Ordinal))];

        StreamView view = new(Parse(Page(hasHeap, before))!, Parse(Page(hasHeap, now))!, Now);

        Assert.That(view.Verdict.Text, Is.EqualTo(verdict));
    }

    [Test]
    public void Verdict_tells_silence_from_a_halted_process()
    {
        PageReading page = Parse(Page(("packets", 9), ("heaps", 9)))!;
        PageReading later = page with { Updated = Now.AddSeconds(60) };

        Assert.That(new StreamView(page, page, Now.AddSeconds(5)).Verdict.Text, Is.EqualTo("The process has not written for 5.00 s: is it halted?"));
        Assert.That(new StreamView(page, later, Now.AddSeconds(60)).Verdict.Text, Is.EqualTo("No heap for 60 s."));
        Assert.That(new StreamView(page, page with { HasStopped = true }, Now).Verdict.Text, Is.EqualTo("The stream has stopped."));
        Assert.That(
            new StreamView(page, page with { RingHeaps = 4, Statistics = new Dictionary<string, long> { ["packets"] = 9, ["worker_blocked"] = 1 } }, Now).Verdict.Text,
            Is.EqualTo("The ring is full: the consumer is too slow."));
    }

    [Test]
    public void Statistics_that_are_added_up_exist()
    {
        using ReceiveStream stream = new();

        Assert.That(StreamView.Names, Is.SubsetOf(stream.Statistics.Select(statistic => statistic.Key)).And.Unique);
    }

    [TestCase(0, "0")]
    [TestCase(99_999, "99999")]
    [TestCase(100_000, "100k")]
    [TestCase(9_999_499, "9999k")]
    [TestCase(9_999_500, "10M")]
    [TestCase(long.MaxValue, "9223P")]
    public void Long_numbers_are_short(long value, string text) => Assert.That(TopTable.Short(value), Is.EqualTo(text));

    [TestCase(0.9, "<1 s")]
    [TestCase(59.9, "59 s")]
    [TestCase(3599, "59 min")]
    [TestCase(1e9, "999 h")]
    public void Long_times_are_short(double seconds, string text) =>
        Assert.That(TopTable.Age(TimeSpan.FromSeconds(seconds)), Is.EqualTo(text));

    [Test]
    public void Largest_numbers_fit_the_terminal([Values(39, 79)] int width)
    {
        byte[] bytes = Page([.. StreamView.Names.Select(name => (name, long.MaxValue))]);
        Number(bytes, 64, int.MaxValue);
        Number(bytes, 72, int.MaxValue);
        PageReading now = Parse(bytes)!;
        PageReading before = Parse(Page())!;
        string[] lines = TextOf(new(before with { Updated = Now.AddTicks(-1) }, now, DateTime.MaxValue), width);

        Assert.That(lines.Where(line => line.Length > width), Is.Empty);
    }

    [Test]
    public void Table_fits_the_terminal([Values(20, 39, 79, 120)] int width)
    {
        PageReading page = Parse(Page(("packets", 123456789), ("heaps", 1234567890), ("malformed_magic", 123456), ("heaps_missing", 3), ("heaps_accounted", 30000)))!;
        string[] lines = TextOf(new(page, page, Now), width);

        Assert.That(lines.Where(line => line.Length > width), Is.Empty);
        Assert.That(string.Join('\n', lines), Does.Contain("0.01 %"));
    }

    [Test]
    public void Document_has_the_layout()
    {
        string[] rows = [.. File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs/statistics-page.md"))
            .Where(line => Row().IsMatch(line)).Select(line => Row().Match(line).Groups[1].Value)];
        int[] offsets = [.. typeof(PageLayout).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.Name.EndsWith("At", StringComparison.Ordinal) && field.Name != nameof(PageLayout.BodyAt) &&
                !Regex.IsMatch(field.Name, "^Source(Packets|Bytes|Drops|State)At$"))
            .Select(field => (int)field.GetRawConstantValue()!).Order()];

        Assert.That(rows, Is.EqualTo(offsets.Select(offset => offset.ToString(CultureInfo.InvariantCulture))));
        Assert.That(
            File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs/statistics-page.md")),
            Does.Contain($"{PageLayout.Size} bytes").And.Contain($"version {PageLayout.Version}"));
    }

    private static string[] TextOf(StreamView view, int width) =>
        [.. TopTable.Lines([view], width).Select(line => string.Concat(line.Select(cell => cell.Content)))];

    private static PageReading? Parse(byte[] page) => PageReading.Parse("page", page);

    private static byte[] Page(params (string Name, long Value)[] statistics) => Page(true, statistics);

    private static byte[] Page(bool hasHeap, (string Name, long Value)[] statistics)
    {
        byte[] page = new byte[PageLayout.Size];
        Text(page, 0, "SP2STATS");
        Number(page, 8, 1);
        Number(page, 12, PageLayout.Size);
        Number(page, 24, Environment.ProcessId);
        Number(page, 28, 1);
        long now = (Now - DateTime.UnixEpoch).Ticks * 100;
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(48), now);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(56), hasHeap ? now : 0);
        Number(page, 72, 4);
        Number(page, 80, statistics.Length);
        Number(page, 84, 1);
        Text(page, 88, "beam");
        for (int i = 0; i < statistics.Length; i++)
        {
            Text(page, 152 + (48 * i), statistics[i].Name);
            BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(192 + (48 * i)), statistics[i].Value);
        }

        Text(page, 6296, "Udp 127.0.0.1:7148");
        Number(page, 6392, 5);
        Number(page, 6400, 6);
        Number(page, 6408, 7);
        return page;
    }

    private static void Text(byte[] page, int at, string text) => System.Text.Encoding.ASCII.GetBytes(text, page.AsSpan(at));

    private static void Number(byte[] page, int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(at), value);

    [GeneratedRegex(@"^\| (\d+) \|")]
    private static partial Regex Row();
}
