// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Spead2.Tools.Output;

namespace Spead2.Tools.Demo;

/// <summary>`spead2 demo`: one process receives what another one sends, over UDP on the loopback interface.</summary>
internal sealed partial class DemoRun(DemoSettings settings, Terminal terminal)
{
    // Nothing arrives for so long only if the stop item was lost.
    private const int ReceiveTimeoutSeconds = 10;

    /// <summary>Runs both processes. The receiver's tables go to standard output; then the sender's.</summary>
    /// <returns>The process's exit code: the receiver's, which knows whether something is missing.</returns>
    public async Task<int> RunAsync()
    {
        // Ctrl-C reaches the two processes by itself, and they end in good order.
        using var interrupt = new Interrupt(() => { });
        string heaps = settings.Heaps.ToString(CultureInfo.InvariantCulture);
        using Process receiver = Start(
            new ProcessStartInfo { RedirectStandardError = true },
            ["recv", "--udp", "0", "--bind", "127.0.0.1", "--verify", "--expect", heaps, "--summary",
             "--engine", settings.Engine, "--ring-heaps", "16",
             "--timeout", ReceiveTimeoutSeconds.ToString(CultureInfo.InvariantCulture)]);
        string? port = await ReadPortAsync(receiver);
        Task messages = ForwardMessagesAsync(receiver);
        string sent = "";
        if (port is not null)
        {
            using Process sender = Start(
                new ProcessStartInfo { RedirectStandardOutput = true },
                ["send", "--udp", $"127.0.0.1:{port}", "--heaps", heaps,
                 "--heap-size", settings.HeapSize.ToString(CultureInfo.InvariantCulture),
                 "--rate", settings.Rate.ToString(CultureInfo.InvariantCulture)]);
            sent = await sender.StandardOutput.ReadToEndAsync();
            await sender.WaitForExitAsync();
        }

        await receiver.WaitForExitAsync();
        await messages;
        await terminal.Writer.WriteAsync(sent);
        await terminal.Writer.FlushAsync();
        return receiver.ExitCode;
    }

    private Process Start(ProcessStartInfo start, IEnumerable<string> arguments) =>
        OwnProgram.Start(start, arguments.Concat(settings.Json ? ["--json"] : []));

    // The port is in the line that says that the receiver is ready. Null if it has ended instead.
    private async Task<string?> ReadPortAsync(Process receiver)
    {
        while (await receiver.StandardError.ReadLineAsync() is string line)
        {
            Match match = ReadyLine().Match(line);
            if (match.Success)
            {
                return match.Groups[1].Value;
            }

            terminal.Say(line);
        }

        return null;
    }

    private async Task ForwardMessagesAsync(Process receiver)
    {
        while (await receiver.StandardError.ReadLineAsync() is string line)
        {
            terminal.Say(line);
        }
    }

    [GeneratedRegex(@"^Listening on UDP .* port (\d+)\.$")]
    private static partial Regex ReadyLine();
}
