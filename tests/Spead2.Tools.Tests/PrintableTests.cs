// SPDX-License-Identifier: MIT

using System.Text;
using Spead2.Send;
using Spead2.Tools.Output;

namespace Spead2.Tools.Tests;

/// <summary>Nothing that a sender, or a file name, has in it reaches the terminal as a command to it.</summary>
[TestFixture]
public sealed class PrintableTests
{
    private const string Escape = "\u001b[2J";
    private const string WindowTitle = "\u001b]0;owned\u0007";
    private const string LineEnd = "a\r\nb";

    [TestCase("plain text, C:\\path, 100 %", "plain text, C:\\path, 100 %")]
    [TestCase("µs · Ωm · 日本 · 😀", "µs · Ωm · 日本 · 😀")]
    [TestCase("", "")]
    [TestCase(Escape, @"\x1b[2J")]
    [TestCase(WindowTitle, @"\x1b]0;owned\x07")]
    [TestCase("\u001bP1$r\u001b\\", @"\x1bP1$r\x1b\")]
    [TestCase(LineEnd, @"a\x0d\x0ab")]
    [TestCase("\0\t\b\u007f", @"\x00\x09\x08\x7f")]
    [TestCase("\u0085\u009b31m\u009d0;x\u009c", @"\x85\x9b31m\x9d0;x\x9c")]
    [TestCase("\u202a\u202b\u202c\u202d\u202e", @"\u202a\u202b\u202c\u202d\u202e")]
    [TestCase("\u2066\u2067\u2068\u2069", @"\u2066\u2067\u2068\u2069")]
    [TestCase("\u200e\u200f\u061c\u200b\ufeff", @"\u200e\u200f\u061c\u200b\ufeff")]
    [TestCase("\u2028\u2029", @"\u2028\u2029")]
    [TestCase("\U000e0041", @"\U000e0041")]
    public void Text_is_shown_with_escapes(string text, string shown)
    {
        Assert.That(Printable.Of(text), Is.EqualTo(shown));
        Assert.That(Printable.Of(shown), Is.EqualTo(shown), "again");
    }

    [Test]
    public void Half_a_surrogate_pair_is_replaced() => Assert.That(Printable.Of("a\ud800b"), Is.EqualTo("a\ufffdb"));

    [TestCase(Escape, @"\x1b[2J")]
    [TestCase(WindowTitle, @"\x1b]0;owned\x07")]
    [TestCase(LineEnd, @"a\x0d\x0ab")]
    [TestCase("[red]x[/]", "[red]x[/]")]
    public async Task Name_of_an_item_is_escaped(string name, string shown)
    {
        CommandResult result = await ShowAsync(
            ItemDescriptor.FromFormat(0x1000, name, "", ItemShape.Scalar, new FormatField('u', 16)), [1, 2]);

        AssertShown(result.Output, shown);
    }

    [TestCase("\u001b[31m", @"\x1b[31m")]
    [TestCase("\r\n", @"\x0d\x0a")]
    [TestCase("\u009b31m", @"\x9b31m")]
    [TestCase("\u202eabc", @"\u202eabc")]
    [TestCase("\u2067abc", @"\u2067abc")]
    public async Task Value_of_an_item_is_escaped(string value, string shown)
    {
        CommandResult result = await ShowAsync(
            ItemDescriptor.FromNumPy(0x1000, "x", "", ItemShape.Scalar, ItemType.FromNumPy("<U16")),
            Encoding.UTF32.GetBytes(value.PadRight(16, '\0')));

        AssertShown(result.Output, shown);
    }

    [Test]
    public async Task Single_character_is_escaped()
    {
        CommandResult result = await ShowAsync(
            ItemDescriptor.FromFormat(0x1000, "x", "", ItemShape.Scalar, new FormatField('c', 8)), [0x9b]);

        AssertShown(result.Output, @"\x9b");
    }

    [Test]
    public async Task Type_text_is_escaped()
    {
        const string Type = @"[('\x1b[2J\u202e', '<u2')]";
        CommandResult result = await ShowAsync(
            ItemDescriptor.FromNumPy(0x1000, "x", "", ItemShape.Scalar, ItemType.FromNumPy(Type)), [1, 2]);

        AssertShown(result.Output, @"\x1b[2J\u202e");
    }

    [TestCase(Escape, @"\x1b[2J")]
    [TestCase(WindowTitle, @"\x1b]0;owned\x07")]
    [TestCase(LineEnd, @"a\x0d\x0ab")]
    public async Task Line_about_a_broken_item_is_escaped(string name, string shown)
    {
        // Too few bytes for the value.
        CommandResult result = await ShowAsync(
            ItemDescriptor.FromFormat(0x1000, name, "", ItemShape.Scalar, new FormatField('u', 64)), [1]);

        AssertShown(result.Output, shown);
    }

    [TestCase(Escape, @"\x1b[2J")]
    [TestCase("\u009d0;x\u009c", @"\x9d0;x\x9c")]
    [TestCase("\u202egnp.exe", @"\u202egnp.exe")]
    public async Task Error_line_is_escaped(string path, string shown)
    {
        CommandResult result = await InProcess.RunAsync("recv", "--file", path);

        Assert.That(result.Error, Is.EqualTo($"'{shown}' does not exist.\n"));
    }

    [Test]
    public void Warning_is_escaped()
    {
        using var error = new StringWriter();
        new Terminal(Stream.Null, TextWriter.Null, error).Say("warning: " + WindowTitle);

        Assert.That(error.ToString(), Is.EqualTo("warning: \\x1b]0;owned\\x07\n"));
    }

    [Test]
    public async Task Json_has_the_name_as_it_was_sent()
    {
        CommandResult result = await ShowAsync(
            ItemDescriptor.FromFormat(0x1000, WindowTitle, "", ItemShape.Scalar, new FormatField('u', 16)), [1, 2],
            "--json");

        Assert.That(result.Output, Does.Contain("""
            "values":{"\u001B]0;owned\u0007":{
            """));
    }

    [Test]
    public void Only_the_folder_Output_writes_to_terminals()
    {
        string tools = Path.Combine(RepositoryFiles.Root, "managed", "Spead2.Tools");
        IEnumerable<string> others = Directory.EnumerateFiles(tools, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.StartsWith(Path.Combine(tools, "Output"), StringComparison.Ordinal))
            .Where(file => File.ReadAllText(file) is string code
                && (code.Contains("using Spectre", StringComparison.Ordinal)
                    || code.Contains("Console.Write", StringComparison.Ordinal)));

        Assert.That(others, Is.Empty);
    }

    private static async Task<CommandResult> ShowAsync(
        ItemDescriptor descriptor, byte[] value, params string[] arguments)
    {
        var heap = new HeapToSend();
        heap.AddDescriptor(descriptor.Encode(default));
        heap.AddItem(descriptor.Id, value, allowImmediate: false);
        using PacketFile file = PacketFile.OfDatagrams(PacketFile.Encode(heap, 1));
        return await InProcess.RunAsync(
            ["recv", "--packets", file.Path, "--items", "--engine", "managed", .. arguments]);
    }

    private static void AssertShown(string output, string shown)
    {
        Assert.That(output, Does.Contain(shown));
        Assert.That(output.Where(c => c != '\n' && Printable.Of(c.ToString()) != c.ToString()), Is.Empty);
    }
}
