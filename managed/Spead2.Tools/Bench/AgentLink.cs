// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spead2.Tools.Bench;

/// <summary>A master's side of the conversation with an agent during one pass.</summary>
internal sealed class AgentLink : IDisposable
{
    // Opening a socket takes an agent milliseconds, and a pool of memory, seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // What masters of spead2 leave between the last packet and the question, and before the next pass (spec: A12.1).
    private static readonly TimeSpan BeforeStop = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AfterStop = TimeSpan.FromMilliseconds(500);

    private readonly LineConnection _connection;
    private readonly Protocol _protocol;

    private AgentLink(LineConnection connection, Protocol protocol)
    {
        _connection = connection;
        _protocol = protocol;
    }

    /// <summary>Connects to an agent and lets it begin to receive.</summary>
    /// <param name="agent">Where it is.</param>
    /// <param name="name">The same as the user wrote it.</param>
    /// <param name="protocol">What it understands.</param>
    /// <param name="options">How it is to receive.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="UserErrorException">The agent is not there, or refuses.</exception>
    public static async Task<AgentLink> StartAsync(
        IPEndPoint agent, string name, Protocol protocol, AgentOptions options, CancellationToken cancellation)
    {
        Socket socket = new(agent.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        AgentLink link = new(new LineConnection(socket), protocol);
        try
        {
            await socket.ConnectAsync(agent, cancellation);
            await link._connection.WriteAsync(link.StartLines(options, name), cancellation);
            string answer = await link.ReadAsync(cancellation);
            if (answer != "ready" && !IsReady(answer))
            {
                throw new UserErrorException($"The agent at {name} does not begin: {Reason(answer)}");
            }

            return link;
        }
        catch (Exception e) when (e is SocketException or FormatException)
        {
            link.Dispose();
            throw new UserErrorException($"There is no agent at {name}: {e.Message}");
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>Ends the pass.</summary>
    /// <exception cref="UserErrorException">The agent is gone, or answers something else.</exception>
    public async Task<PassReport> StopAsync(CancellationToken cancellation)
    {
        bool isOwn = _protocol == Protocol.Own;
        try
        {
            await Task.Delay(isOwn ? TimeSpan.Zero : BeforeStop, cancellation);
            string stop = _protocol == Protocol.Text ? "stop" : new JsonObject { ["cmd"] = "stop" }.ToJsonString();
            await _connection.WriteAsync([stop], cancellation);
            PassReport report = Read(await ReadAsync(cancellation));
            await Task.Delay(isOwn ? TimeSpan.Zero : AfterStop, cancellation);
            return report;
        }
        catch (Exception e) when (e is SocketException or FormatException or JsonException)
        {
            throw new UserErrorException($"The agent's answer is not understood: {e.Message}");
        }
    }

    public void Dispose() => _connection.Dispose();

    private IEnumerable<string> StartLines(AgentOptions options, string name)
    {
        if (_protocol == Protocol.Text)
        {
            return ["start", .. AgentOptionText.Write(options), "end_config"];
        }

        JsonObject command = new() { ["cmd"] = "start" };
        AgentOptionJson.Write(command, options, name);
        if (_protocol == Protocol.Own)
        {
            command[AgentSession.OwnMember] = AgentSession.OwnVersion;
        }

        return [command.ToJsonString()];
    }

    private PassReport Read(string answer)
    {
        if (_protocol == Protocol.Text)
        {
            return long.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out long heaps)
                ? new PassReport { Heaps = heaps }
                : throw new FormatException($"'{answer}' is no number of heaps");
        }

        using JsonDocument report = JsonDocument.Parse(answer);
        return PassReport.Read(report.RootElement);
    }

    private async Task<string> ReadAsync(CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            return await _connection.ReadLineAsync(patience.Token)
                ?? throw new FormatException("it has closed the connection");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new FormatException("it does not answer");
        }
    }

    // What agents of JSON say is wrong; all of the answer of others.
    private static string Reason(string answer)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(answer);
            JsonElement error = AgentOptionJson.Member(json.RootElement, "error");
            return error.ValueKind == JsonValueKind.String ? error.GetString()! : answer;
        }
        catch (JsonException)
        {
            return answer;
        }
    }

    private static bool IsReady(string answer)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(answer);
            return AgentOptionJson.Member(json.RootElement, "ready").ValueKind == JsonValueKind.True;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
