// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Tests;

/// <summary>The display that changes fits the terminal, whatever is in it.</summary>
[TestFixture]
public sealed class LiveTableTests
{
    [TestCase(79, 7)]
    [TestCase(60, 10)]
    [TestCase(39, 17)]
    public void Table_fits_the_width(int width, int lines)
    {
        string[] table = Table(width);

        Assert.That(table, Has.Length.EqualTo(lines));
        Assert.That(table.Select(line => line.Length).Distinct().Single(), Is.LessThanOrEqualTo(width));
    }

    [TestCase(79)]
    [TestCase(60)]
    [TestCase(39)]
    public void Bad_packets_are_shown_at_every_width(int width) =>
        Assert.That(
            string.Join('\n', Table(width)),
            Does.Contain("malformed").And.Contain("truncated").And.Contain("unknown").And.Contain("drops"));

    [Test]
    public void Warnings_are_cut_and_shown_in_full_at_the_end()
    {
        using var output = new StringWriter();
        var screen = new LiveScreen(output, hasColour: false);
        string warning = $"warning: {new string('x', 500)}";
        for (int i = 0; i < 6; i++)
        {
            screen.Warn(warning);
        }

        screen.Draw([[new("table")]]);

        string[] lines = output.ToString().Replace("\u001b[K", "", StringComparison.Ordinal).Split('\n');
        Assert.That(lines[0], Is.EqualTo("table"));
        Assert.That(lines[1], Is.EqualTo("… 2 earlier warnings; the end shows them"));
        Assert.That(lines[2..6], Is.All.EqualTo($"{warning[..(LiveScreen.Width - 1)]}…"));
        Assert.That(screen.End(), Has.Count.EqualTo(6).And.All.EqualTo(warning));
    }

    [TestCase("abcdef", 6, "abcdef")]
    [TestCase("abcdef", 5, "abcd…")]
    [TestCase("電波電波", 5, "電波…")]
    public void Text_is_cut_to_columns(string text, int columns, string cut) =>
        Assert.That(LiveScreen.Cut(text, columns), Is.EqualTo(cut));

    [TestCase(39)]
    [TestCase(79)]
    public void Period_of_losses_stands_under_the_table(int width)
    {
        LossPeriod period = new(LossCause.KernelDrops, TimeSpan.FromSeconds(10), 0.93, 30);

        string line = Table(width, period)[^1];

        Assert.That(line, Does.StartWith("A loss every 10 s: the kernel dropped"));
        Assert.That(line, Has.Length.LessThanOrEqualTo(width));
    }

    private static string[] Table(int width, LossPeriod? period = null)
    {
        using var stream = new ReceiveStream();
        return
        [
            .. LiveTable.Lines(stream.Statistics, new HeapTally(verify: false, interpret: false), "100.00 Gb/s", 12_500_000, period, width)
                .Select(cells => string.Concat(cells.Select(cell => cell.Content))),
        ];
    }
}
