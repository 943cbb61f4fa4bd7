// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using Spead2.Testing.Engines;

namespace Spead2.Tools.Tests;

/// <summary>A terminal of a given size in a server of tmux of its own, which ends with it.</summary>
internal sealed class TmuxScreen : IDisposable
{
    private readonly string _server = $"spead2-{Guid.NewGuid():N}";

    /// <summary>Runs a command of the shell in a new terminal.</summary>
    public TmuxScreen(int columns, string command, int rows = 24)
    {
        // With the language of the machine's user, border lines may become other characters.
        Tmux(
            "-f", "/dev/null", "-u", "new-session", "-d",
            "-x", columns.ToString(CultureInfo.InvariantCulture),
            "-y", rows.ToString(CultureInfo.InvariantCulture),
            $"env -u NO_COLOR LC_ALL=C.UTF-8 {command}");
    }

    /// <summary>Waits until the screen has all of these texts, and stays as it is; gives it with its colours.</summary>
    public string AwaitText(params string[] texts)
    {
        string plain = "";
        string screen = "";
        Poll.Until(
            () =>
            {
                plain = Tmux("capture-pane", "-p");
                string before = screen;
                screen = Tmux("capture-pane", "-p", "-e");
                string words = string.Join(' ', plain.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                return screen == before && texts.All(text => words.Contains(text, StringComparison.Ordinal));
            },
            () => $"{string.Join(", ", texts)} on the screen:\n{plain}");
        return screen;
    }

    public void Dispose()
    {
        // The server ends with its last session, or has ended already.
        Start("kill-server").Dispose();
    }

    private string Tmux(params string[] arguments)
    {
        using Process process = Start(arguments);
        string output = process.StandardOutput.ReadToEnd();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, $"tmux {string.Join(' ', arguments)}: {error}");
        return output;
    }

    private Process Start(params string[] arguments)
    {
        ProcessStartInfo start = new("tmux", ["-L", _server, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("TMUX");
        start.Environment["TERM"] = "xterm-256color";
        return Process.Start(start)!;
    }
}
