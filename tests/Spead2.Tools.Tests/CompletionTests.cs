// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Spead2.Tools.Tests;

/// <summary>Words that a shell completes.</summary>
[TestFixture]
public sealed class CompletionTests
{
    private static readonly string[] Shells = ["bash", "zsh", "fish", "pwsh"];

    [TestCase("spead2 re", "record recv replay")]
    [TestCase("spead2 recv --max-heap", "--max-heap-size --max-heaps")]
    [TestCase("spead2 recv 7148 --engine n", "native")]
    [TestCase("spead2 recv --dialect ska", "ska-low-antenna-buffer ska-low-sps")]
    [TestCase("spead2 completion ", "bash fish pwsh zsh")]
    [TestCase("spead2 bench a", "agent")]
    [TestCase("spead2 complet", "completion")]
    public async Task Words_fit_what_is_written(string line, string words)
    {
        CommandResult result = await InProcess.RunAsync("complete-line", line);

        string[] found =
        [
            .. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Split('\t')[0])
                .Where(word => word.StartsWith(line.Split(' ')[^1], StringComparison.Ordinal) && word[0] is not ('/' or '-')
                    || words[0] == '-').Order(StringComparer.Ordinal),
        ];
        Assert.That(found, Is.EqualTo(words.Split(' ')));
    }

    [Test]
    public async Task Word_has_its_description()
    {
        CommandResult result = await InProcess.RunAsync("complete-line", "spead2 recv --max-heap-s");

        Assert.That(result.Output, Is.EqualTo("--max-heap-size\tLargest heap; packets of larger ones are refused.\n"));
    }

    [TestCaseSource(nameof(Shells))]
    public async Task Every_shell_has_a_script(string shell)
    {
        CommandResult result = await InProcess.RunAsync("completion", shell);

        Assert.That(result.ExitCode, Is.Zero);
        Assert.That(result.Output, Does.Contain("complete-line"));
    }

    [TestCase("spead2 rec", "record recv")]
    [TestCase("spead2 recv --ring-h", "--ring-heaps")]
    [TestCase("spead2 send --udp 127.0.0.1:7148 --hea", "--heap-size --heaps")]
    public async Task Bash_completes(string line, string words)
    {
        string script = (await InProcess.RunAsync("completion", "bash")).Output;
        string last = line.Split(' ')[^1];
        string program =
            $$"""
            set -u
            spead2() { dotnet exec "$SPEAD2" "$@"; }
            {{script}}
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_WORDS=('{{last}}') COMP_CWORD=0
            _spead2
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        var start = new ProcessStartInfo("bash", ["--norc", "-c", program])
        {
            RedirectStandardOutput = true,
            Environment = { ["SPEAD2"] = Path.Combine(AppContext.BaseDirectory, "Spead2.Tools.dll") },
        };
        using Process bash = Process.Start(start)!;
        string found = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();

        Assert.That(bash.ExitCode, Is.Zero);
        Assert.That(found.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), Is.EqualTo(words.Split(' ')));
    }

    [Test]
    public async Task Manual_page_has_every_command_and_option()
    {
        string page = (await InProcess.RunAsync("man")).Output;

        string text = page.Replace("\\-", "-");
        foreach (string command in (string[])["recv", "send", "record", "bench agent", "completion"])
        {
            Assert.That(text, Does.Contain($".SS \"spead2 {command}"));
        }

        Assert.That(text, Does.Contain(".B \"--max-heap-size BYTES\"").And.Contain(".SH EXIT STATUS"));
        Assert.That(text, Does.Not.Contain("complete-line"));
    }

    [Test]
    public async Task Manual_page_is_clean_for_groff()
    {
        string page = (await InProcess.RunAsync("man")).Output;
        if (!File.Exists("/usr/bin/groff"))
        {
            Assert.Ignore("There is no groff here.");
        }

        var start = new ProcessStartInfo("/usr/bin/groff", ["-k", "-man", "-Tutf8", "-ww", "-z"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        using Process groff = Process.Start(start)!;
        Task<string> said = groff.StandardError.ReadToEndAsync();
        await groff.StandardInput.WriteAsync(page);
        groff.StandardInput.Close();

        Assert.That(await said, Is.Empty);
        await groff.WaitForExitAsync();
        Assert.That(groff.ExitCode, Is.Zero);
    }
}
