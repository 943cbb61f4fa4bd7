// SPDX-License-Identifier: MIT
using System.Text.RegularExpressions;

namespace Spead2.Bindings.Tests;

/// <summary>Public text uses one word for each concept: docs/internals/glossary.txt lists the words that it does not use.</summary>
internal sealed class GlossaryTests
{
    private const string Avoid = "avoid ";
    private const string Allow = "allow ";
    private const string Instead = " => ";

    private static readonly string[] Lines = File.ReadAllLines(RepositoryFiles.Glossary);

    private static readonly (Regex Pattern, string Words)[] Avoided =
        [.. Rules(Avoid).Select(rule => rule.Split(Instead)).Select(parts => (Compile(parts[0]), parts[1]))];

    private static readonly Regex[] Allowed = [.. Rules(Allow).Select(Compile)];

    [Test]
    public void Public_text_uses_the_words_of_the_glossary()
    {
        string[] files = [.. RepositoryFiles.PublicText];
        IEnumerable<string> faults =
            from file in files
            from line in File.ReadLines(file).Select((text, index) => (Text: text, Number: index + 1))
            from fault in Faults(line.Text)
            select $"{RepositoryFiles.Relative(file)}:{line.Number}: {fault}";

        Assert.That(files, Is.Not.Empty);
        Assert.That(faults, Is.Empty);
    }

    [TestCase("/// Once released, it is given back to the pool.", "release, return to the pool")]
    [TestCase("a function of the user's", "user-supplied")]
    [TestCase("a UDP reader", "packet source (where packets come from), packet writer (where they go to)")]
    [TestCase("Whoever waits", "the consumer, the waiter, the thread that …")]
    public void Avoided_words_are_found_with_their_replacement(string text, string words) =>
        Assert.That(Faults(text), Is.EqualTo((string[])[$"\"{text}\": write {words}"]));

    [TestCase("stream.AddUdpReader(8888) and a ChannelReader<Heap>")]
    [TestCase("heaps of the user's stream")]
    public void Names_of_interfaces_are_allowed(string text) => Assert.That(Faults(text), Is.Empty);

    [Test]
    public void Each_line_is_a_rule_or_a_comment() =>
        Assert.That(Lines.Where(line => line.Length > 0 && line[0] != '#' && !IsRule(line)), Is.Empty);

    private static bool IsRule(string line) =>
        (line.StartsWith(Avoid, StringComparison.Ordinal) && line.Split(Instead).Length == 2)
        || line.StartsWith(Allow, StringComparison.Ordinal);

    private static IEnumerable<string> Faults(string text)
    {
        string checkedText = Allowed.Aggregate(text, (rest, pattern) => pattern.Replace(rest, ""));
        return from rule in Avoided
               where rule.Pattern.IsMatch(checkedText)
               select $"\"{text}\": write {rule.Words}";
    }

    private static IEnumerable<string> Rules(string kind) =>
        Lines.Where(line => line.StartsWith(kind, StringComparison.Ordinal)).Select(line => line[kind.Length..]);

    private static Regex Compile(string pattern) => new(pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
}
