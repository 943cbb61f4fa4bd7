// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Tests;

/// <summary>What somebody sees who watches a terminal: displays that change, until tables take their place.</summary>
[TestFixture]
public sealed class TerminalTests
{
    private static readonly (string Name, string Value)[] Environment = [("TERM", "xterm")];

    [Test]
    public async Task Receiver_shows_rate_and_loss_while_heaps_arrive()
    {
        CommandResult result = await WatchAsync("demo --heaps 200 --heap-size 65536 --rate 0.1");

        Assert.That(result.ExitCode, Is.Zero, result.Output);
        Assert.That(
            result.Output,
            Does.Contain("packets/s").And.Contain("missing").And.Contain("drops").And.Match(@"content right +│ +200 "));
    }

    [Test]
    public async Task Sender_shows_how_far_it_is()
    {
        CommandResult result = await WatchAsync("send --udp 127.0.0.1:9 --heaps 2000 --heap-size 16384 --rate 0.3");

        Assert.That(result.ExitCode, Is.Zero, result.Output);
        Assert.That(result.Output, Does.Contain("heaps to 127.0.0.1:9").And.Contain("%"));
    }

    // The program script gives the command a terminal, and its exit code.
    private static Task<CommandResult> WatchAsync(string arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Spead2.Tools.dll");
        return CommandProcess.RunProgramAsync(
            ["script", "--quiet", "--return", "--command", $"dotnet '{program}' {arguments}", "/dev/null"], Environment);
    }
}
