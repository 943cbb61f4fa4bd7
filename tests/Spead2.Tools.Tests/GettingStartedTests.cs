// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Spead2.Tools.Tests;

/// <summary>What docs/getting-started.md has users type does what it says there: every line is run, in its order.</summary>
[TestFixture]
public sealed partial class GettingStartedTests
{
    private const string PortOfPage = "8888";
    private const string AnyPort = "0";
    private static readonly string[] Listeners = ["recv --udp", "record"];

    [Test]
    public async Task Every_line_prints_what_the_page_says()
    {
        string page = await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Root, "docs", "getting-started.md"));
        DirectoryInfo folder = Directory.CreateTempSubdirectory("getting-started");
        try
        {
            string port = AnyPort;
            string output = "";
            CommandProcess? listener = null;
            foreach (Match block in Blocks().Matches(page))
            {
                string text = block.Groups["text"].Value;
                if (block.Groups["kind"].Value == "text")
                {
                    Assert.That(output, Does.Match(PatternOf(text.Replace(PortOfPage, port))));
                    continue;
                }

                output = "";
                foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    bool isListener = Listeners.Any(command => line.StartsWith($"spead2 {command}", StringComparison.Ordinal));
                    string[] words = line.Replace(PortOfPage, isListener ? AnyPort : port).Replace("night.", $"{folder}/night.").Split(' ');
                    Assert.That(words[0], Is.EqualTo("spead2"));
                    if (isListener)
                    {
                        (listener, int chosen) = await CommandProcess.StartListeningCommandAsync(words[1..]);
                        port = $"{chosen}";
                        continue;
                    }

                    CommandResult result = await CommandProcess.RunAsync(words[1..]);
                    Assert.That(result.ExitCode, Is.Zero, $"{line}\n{result.Error}");
                    output += result.Output;
                }

                if (listener is not null && output.Length > 0)
                {
                    CommandResult received = await listener.WaitAsync();
                    Assert.That(received.ExitCode, Is.Zero, received.Error);
                    output = received.Output;
                    listener.Dispose();
                    listener = null;
                }
            }

            Assert.That(listener, Is.Null);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // Lines in their order; an ellipsis behind a line, or instead of one, stands for anything.
    private static string PatternOf(string text) =>
        "(?s)" + Regex.Escape(text.TrimEnd()).Replace("…\\n", ".*").Replace("\\ …", "\\ .*");

    [GeneratedRegex(@"```(?<kind>sh|text)\n(?<text>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();
}
