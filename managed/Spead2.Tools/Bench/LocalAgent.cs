// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Spead2.Tools.Output;

namespace Spead2.Tools.Bench;

/// <summary>An agent on this machine, in a process of its own that ends with this object, or with this process.</summary>
internal sealed partial class LocalAgent : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Terminal _terminal;
    private Task _messages = Task.CompletedTask;

    /// <summary>Starts an agent.</summary>
    public LocalAgent(string engine, Terminal terminal)
    {
        _terminal = terminal;
        _process = OwnProgram.Start(
            new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardError = true },
            ["bench", "agent", $"{IPAddress.Loopback}:0", "--engine", engine, BenchAgent.AttachedOption]);
    }

    /// <summary>Waits until it listens.</summary>
    /// <exception cref="UserErrorException">It has ended instead.</exception>
    public async Task<IPEndPoint> WaitAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is string line)
        {
            if (ReadyLine().Match(line) is { Success: true } match)
            {
                _messages = ForwardMessagesAsync();
                return new IPEndPoint(
                    IPAddress.Loopback, int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
            }

            _terminal.Say(line);
        }

        throw new UserErrorException("The agent has ended.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _messages;
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task ForwardMessagesAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is string line)
        {
            _terminal.Warn($"agent: {line}");
        }
    }

    [GeneratedRegex(@"^Listening on TCP .* port (\d+)\.$")]
    private static partial Regex ReadyLine();
}
