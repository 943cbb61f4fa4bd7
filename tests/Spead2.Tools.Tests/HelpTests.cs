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
}
