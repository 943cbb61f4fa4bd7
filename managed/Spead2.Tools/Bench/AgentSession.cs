// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Bench;

/// <summary>
/// What one master says to an agent, and the agent's answers: lines of text as spead2's C++ tool has them, or JSON as its
/// Python tool does (spec: A12.1), or that with more in the answers, for our own masters. The first byte tells which.
/// </summary>
/// <param name="connection">The connection to the master.</param>
/// <param name="host">The agent's address.</param>
/// <param name="port">The port of the connection, and of the packets.</param>
/// <param name="engine">What receives.</param>
/// <param name="terminal">Where is said what the master did wrong; what is lost is in the answers.</param>
internal sealed class AgentSession(
    LineConnection connection, IPAddress host, int port, ReceiveEngine engine, Terminal terminal) : IAsyncDisposable
{
    /// <summary>Member of the start command of masters that understand more.</summary>
    public const string OwnMember = "spead2_bench";

    /// <summary>The only version of the answers with more in them.</summary>
    public const int OwnVersion = 1;

    // A master sends a pass within seconds; one that was cut off would keep others out.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(5);

    private ReceivePass? _pass;

    // Whether the master of the pass understands more.
    private bool _isOwn;

    /// <summary>Serves the master until it leaves.</summary>
    /// <exception cref="FormatException">A line is too long, or no JSON.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (await ReadLineAsync(cancellation) is string line)
        {
            bool goesOn = line.StartsWith('{')
                ? await ObeyJsonAsync(line, cancellation)
                : await ObeyTextAsync(line.Trim(), cancellation);
            if (!goesOn)
            {
                return;
            }
        }
    }

    public ValueTask DisposeAsync() => _pass?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async ValueTask<string?> ReadLineAsync(CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(LongestSilence);
        try
        {
            return await connection.ReadLineAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            terminal.Say("The master has been silent for too long.");
            return null;
        }
    }

    private async Task<bool> ObeyTextAsync(string command, CancellationToken cancellation)
    {
        switch (command)
        {
            case "start":
                AgentOptions options = await ReadOptionsAsync(cancellation);
                if (_pass is not null)
                {
                    terminal.Say("The master starts a pass, but one is running.");
                }
                else if (Start(options) is string fault)
                {
                    await AnswerAsync($"error: {fault}", cancellation);
                }
                else
                {
                    await AnswerAsync("ready", cancellation);
                }

                return true;
            case "stop":
                if (await FinishAsync() is { } report)
                {
                    await AnswerAsync(report.Heaps.ToString(CultureInfo.InvariantCulture), cancellation);
                }

                return true;
            case "exit":
                return false;
            default:
                terminal.Say($"The master says '{command}', which is no command.");
                return true;
        }
    }

    private async Task<AgentOptions> ReadOptionsAsync(CancellationToken cancellation)
    {
        AgentOptions options = new();
        while (await ReadLineAsync(cancellation) is string line && line.Trim() != "end_config")
        {
            if (AgentOptionText.Read(line, ref options) is string fault)
            {
                terminal.Say($"An option of the master is left out: {fault}.");
            }
        }

        return options;
    }

    private async Task<bool> ObeyJsonAsync(string line, CancellationToken cancellation)
    {
        using JsonDocument document = Parse(line);
        JsonElement root = document.RootElement;
        string? command = AgentOptionJson.Member(root, "cmd") is { ValueKind: JsonValueKind.String } text
            ? text.GetString()
            : null;
        switch (command)
        {
            case "start" when _pass is not null:
                terminal.Say("The master starts a pass, but one is running.");
                return true;
            case "start":
                _isOwn = AgentOptionJson.Number(root, OwnMember, 0) == OwnVersion;
                string? fault = Start(AgentOptionJson.Read(root));
                await AnswerAsync(
                    fault is null ? _isOwn ? $$"""{"ready":true,"port":{{port}}}""" : "ready"
                    : new JsonObject { ["error"] = fault }.ToJsonString(),
                    cancellation);
                return true;
            case "stop":
                if (await FinishAsync() is { } report)
                {
                    JsonObject all = report.Write();
                    await AnswerAsync((_isOwn ? all : OnlyHeaps(all)).ToJsonString(), cancellation);
                }

                return true;
            case "exit":
                return false;
            default:
                terminal.Say($"The master says '{command}', which is no command.");
                return true;
        }
    }

    private static JsonObject OnlyHeaps(JsonObject report) =>
        new() { [PassReport.HeapsMember] = report[PassReport.HeapsMember]!.DeepClone() };

    private static JsonDocument Parse(string line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new FormatException($"A line is no JSON: {e.Message}");
        }
    }

    /// <summary>Starts a pass.</summary>
    /// <returns>Why it cannot; null: it has started.</returns>
    private string? Start(AgentOptions options)
    {
        try
        {
            _pass = new ReceivePass(options, host, port, engine, new TerminalLogger(terminal, LogLevel.Error));
            return null;
        }
        catch (Exception e) when (e is UserErrorException or ArgumentException or Spead2Exception or OutOfMemoryException)
        {
            string fault = e.Message.Split(" (Parameter")[0].ReplaceLineEndings(" ");
            terminal.Say($"The master's options are refused: {fault}");
            return fault;
        }
    }

    private async Task<PassReport?> FinishAsync()
    {
        if (_pass is null)
        {
            terminal.Say("The master ends a pass, but none is running.");
            return null;
        }

        PassReport report = await _pass.FinishAsync();
        await _pass.DisposeAsync();
        _pass = null;
        return report;
    }

    private ValueTask AnswerAsync(string line, CancellationToken cancellation) => connection.WriteAsync([line], cancellation);
}
