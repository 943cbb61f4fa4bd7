// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Tests;

/// <summary>How a user finds out what there is.</summary>
[TestFixture]
public sealed class HelpTests
{
    [TestCase("recv")]
    [TestCase("send")]
    [TestCase("record")]
    [TestCase("dump")]
    [TestCase("replay")]
    [TestCase("convert")]
    [TestCase("bench")]
    [TestCase("doctor")]
    [TestCase("demo")]
    [TestCase("top")]
    public async Task Every_command_has_help_and_json(string command)
    {
        CommandResult result = await InProcess.RunAsync(command, "--help");

        Assert.That(result.ExitCode, Is.Zero);
        Assert.That(result.Output, Does.Contain($"spead2 {command} ").And.Contain("[options]").And.Contain("--json"));
        Assert.That(result.Error, Is.Empty);
        Assert.That(result.Output, Does.Not.Match(@"\[default: [A-Z]"), "a name that the option does not take");
    }

    [Test]
    public async Task Command_alone_shows_help()
    {
        CommandResult result = await InProcess.RunAsync();

        Assert.That(result.ExitCode, Is.Zero);
        foreach (string name in (string[])["recv", "send", "record", "dump", "replay", "convert", "bench", "top", "doctor", "demo"])
        {
            Assert.That(result.Output, Does.Contain(name));
        }
    }

    [TestCase("recvv", "'recvv' is no command or option here; perhaps recv is meant.")]
    [TestCase("recv --upd 7148", "'--upd' is no command or option here; perhaps --udp is meant.")]
    [TestCase("recv 7148 --max-heap 8", "'--max-heap' is no command or option here; perhaps --max-heaps is meant.")]
    [TestCase("dump --cuont 3", "'--cuont' is no command or option here; perhaps --count is meant.")]
    [TestCase("bench agnet", "'agnet' is no command or option here; perhaps agent is meant.")]
    [TestCase("bench --porcupine", "'--porcupine' is no command or option here; --help names those that are.")]
    [TestCase("complet", "'complet' is no command or option here; perhaps completion is meant.")]
    public async Task Slip_is_refused_with_what_may_be_meant(string arguments, string message)
    {
        CommandResult result = await InProcess.RunAsync(arguments.Split(' '));

        Assert.That(result.Error.TrimEnd(), Is.EqualTo(message));
        Assert.That(result.ExitCode, Is.EqualTo(2));
    }

    [Test]
    public async Task Long_word_is_refused_without_a_search()
    {
        CommandResult result = await InProcess.RunAsync("recv", "--" + new string('x', 1 << 20));

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain("--help names those that are"));
    }

    [Test]
    public async Task File_may_begin_with_a_hyphen_behind_two()
    {
        CommandResult result = await InProcess.RunAsync("dump", "--", "--no-such-file");

        Assert.That(result.Error, Does.StartWith("'--no-such-file' cannot be opened"));
    }

    [Test]
    public async Task Versions_of_command_and_engines_are_shown()
    {
        CommandResult result = await InProcess.RunAsync("--version");

        Assert.That(result.ExitCode, Is.Zero);
        Assert.That(result.Output, Does.Match(
            @"^spead2 \d+\.\d+\.\d+.*\nnative engine \d+\.\d+\.\d+\nmanaged engine \d+\.\d+\.\d+.*\n\.NET \d+.*, .+-.+\n$"));
    }
}
