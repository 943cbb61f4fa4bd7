// SPDX-License-Identifier: MIT
namespace Spead2.Bindings.Tests;

/// <summary>Commits after the one named in .ci/commit-base have a subject of at most 72 characters, and a body that says why.</summary>
internal sealed class CommitTests
{
    private const int LongestSubject = 72;

    // Not in a message: it has no control characters.
    private const char EndOfCommit = '\x1e';

    [Test]
    public void Commits_have_a_short_subject_and_a_body()
    {
        string start = File.ReadAllText(RepositoryFiles.CommitBase).Trim();

        Assert.That(Messages(start).Select(Fault).Where(fault => fault is not null), Is.Empty);
    }

    [TestCase("Count lost packets\n\nOperators look for them.", null)]
    [TestCase("Count lost packets", "\"Count lost packets\" has no body")]
    [TestCase("Count lost packets\nOperators look for them.", "\"Count lost packets\" has no body")]
    public void Message_without_a_body_is_a_fault(string message, string? fault) => Assert.That(Fault(message), Is.EqualTo(fault));

    [Test]
    public void Long_subject_is_a_fault()
    {
        string subject = new('x', LongestSubject);

        Assert.That(Fault($"{subject}\n\nWhy."), Is.Null);
        Assert.That(Fault($"{subject}x\n\nWhy."), Is.EqualTo($"\"{subject}x\" has 73 characters"));
    }

    /// <summary>The messages of the commits after this one; skips the test where the history is not.</summary>
    private static string[] Messages(string start)
    {
        Tool git = Tool.Git();
        try
        {
            return git.Run(
                    ["-C", RepositoryFiles.Root, "log", $"--format=%B%x{(int)EndOfCommit:x2}", "--no-merges", $"{start}..HEAD"])
                .Split(EndOfCommit, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        }
        catch (InvalidOperationException failure)
        {
            Assert.Ignore($"the history of the commits is not here: {failure.Message}");
            throw;
        }
    }

    private static string? Fault(string message)
    {
        string[] lines = message.Split('\n');
        return lines[0].Length > LongestSubject ? $"\"{lines[0]}\" has {lines[0].Length} characters"
            : lines.Length < 3 || lines[1].Length > 0 ? $"\"{lines[0]}\" has no body"
            : null;
    }
}
