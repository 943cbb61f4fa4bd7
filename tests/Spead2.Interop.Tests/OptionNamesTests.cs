// SPDX-License-Identifier: MIT

using System.Reflection;
using System.Text.RegularExpressions;

namespace Spead2.Interop.Tests;

/// <summary>Messages of the C core in the words of C#.</summary>
public sealed partial class OptionNamesTests
{
    [TestCase(
        "cannot resolve sp2_udp_source_options.bind_host \"bind_host\": unknown",
        "cannot resolve BindHost \"bind_host\": unknown")]
    [TestCase("(a larger ring_heaps helps against bursts)", "(a larger RingHeaps helps against bursts)")]
    [TestCase("sp2_receive_options.max_heaps (5) times substreams (7)", "MaxHeaps (5) times Substreams (7)")]
    [TestCase("sp2_receive_stream_add_udp_source: add it before sp2_receive_stream_start", "Add it before Start")]
    [TestCase("run `sysctl -w net.core.rmem_max=5`", "run `sysctl -w net.core.rmem_max=5`")]
    [TestCase("cannot join the group on veth_a_b: error", "cannot join the group on veth_a_b: error")]
    [TestCase("sp2_some_options.new_field is 3", "NewField is 3")]
    [TestCase("\"not closed, max_size", "\"not closed, max_size")]
    [TestCase("", "")]
    public void Names_of_c_become_names_of_dotnet(string c, string dotNet) =>
        Assert.That(OptionNames.ToDotNet(c), Is.EqualTo(dotNet));

    [TestCase("a larger RingHeaps helps", "a larger ring_heaps helps")]
    [TestCase("MaxHeaps, Substreams and RingHeaps decide", "max_heaps, substreams and ring_heaps decide")]
    [TestCase("larger than MaxSize, \"MaxSize\"", "larger than max_size, \"MaxSize\"")]
    [TestCase("a socket of the Group, Port 5, threads", "a socket of the Group, Port 5, threads")]
    public void Names_of_dotnet_become_names_of_c(string dotNet, string c) =>
        Assert.That(OptionNames.ToC(dotNet), Is.EqualTo(c));

    [Test]
    public void Every_message_of_the_c_core_can_be_said_in_names_of_dotnet()
    {
        string[] messages = [.. SourcesOfCore().SelectMany(file => MessagesOf(File.ReadAllText(file)))];

        Assert.That(messages, Has.Some.Contains("ring_heaps"));
        Assert.That(
            messages.Select(OptionNames.ToDotNet).Where(text => NameOfC().IsMatch(text)), Is.Empty,
            "a name is missing in OptionNames");
    }

    private static IEnumerable<string> SourcesOfCore()
    {
        string root = typeof(OptionNamesTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!;
        return Directory.EnumerateFiles(Path.Combine(root, "native", "src"), "*.c", SearchOption.AllDirectories);
    }

    /// <summary>Texts of more than a word; adjacent literals and the macros between them are one text in C.</summary>
    private static IEnumerable<string> MessagesOf(string source)
    {
        string joined = BetweenLiterals().Replace(StaticAssert().Replace(source, ""), "");
        joined = MacroAtEnd().Replace(MacroBetweenLiterals().Replace(joined, "u"), "u\"");
        joined = joined.Replace("_options.%s", "_options.some_field", StringComparison.Ordinal);
        return Literal().Matches(joined).Select(match => match.Groups["text"].Value.Replace("\\\"", "\"", StringComparison.Ordinal))
            .Where(text => text.Contains(' ', StringComparison.Ordinal));
    }

    [GeneratedRegex("""_Static_assert\([^;]*;""")]
    private static partial Regex StaticAssert();

    [GeneratedRegex(@"%?""\s*PRI[a-zA-Z0-9]+\s*""")]
    private static partial Regex MacroBetweenLiterals();

    [GeneratedRegex(@"%?""\s*PRI[a-zA-Z0-9]+")]
    private static partial Regex MacroAtEnd();

    [GeneratedRegex(@"""\s*\n\s*""")]
    private static partial Regex BetweenLiterals();

    [GeneratedRegex(@"""(?<text>(?:[^""\\\n]|\\.)*)""")]
    private static partial Regex Literal();

    [GeneratedRegex(@"\bsp2_|\bSP2_|(?<![.\w])[a-z]+(_[a-z]+)+\b")]
    private static partial Regex NameOfC();
}
