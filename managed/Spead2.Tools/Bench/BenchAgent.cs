// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Bench;

/// <summary>`spead2 bench agent`: receives what masters send, one master at a time.</summary>
/// <param name="host">Address to listen on.</param>
/// <param name="port">Port to listen on, for TCP and for packets; 0 lets the system choose.</param>
/// <param name="engine">What receives.</param>
/// <param name="isAttached">
/// Whether it ends when its standard input does, however the process that has the other end is ended, and not by Ctrl-C,
/// which that process gets, too.
/// </param>
/// <param name="terminal">Where is said what happens.</param>
internal sealed class BenchAgent(IPAddress host, int port, ReceiveEngine engine, bool isAttached, Terminal terminal)
{
    /// <summary>The hidden option of agents that another process of this program starts.</summary>
    public const string AttachedOption = "--attached";

    /// <summary>Serves masters until it is interrupted.</summary>
    /// <returns>The process's exit code.</returns>
    public async Task<int> RunAsync()
    {
        using var cancellation = new CancellationTokenSource();
        using var interrupt = new Interrupt(isAttached ? () => { } : cancellation.Cancel);
        if (isAttached)
        {
            // Nothing is written to it; the read ends with the process.
            _ = Console.OpenStandardInput().CopyToAsync(Stream.Null).ContinueWith(
                _ => cancellation.Cancel(), TaskScheduler.Default);
        }

        using var listener = new Socket(host.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(host, port));
            listener.Listen();
        }
        catch (SocketException e)
        {
            throw new UserErrorException(string.Create(
                CultureInfo.InvariantCulture, $"The agent cannot listen on {host} port {port}: {e.Message}"));
        }

        int chosen = ((IPEndPoint)listener.LocalEndPoint!).Port;
        terminal.Say(string.Create(CultureInfo.InvariantCulture, $"Listening on TCP {host} port {chosen}."));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                using LineConnection connection = new(await listener.AcceptAsync(cancellation.Token));
                await using AgentSession session = new(connection, host, chosen, engine, terminal);
                await session.RunAsync(cancellation.Token);
            }
            catch (Exception e) when (e is SocketException or FormatException)
            {
                terminal.Say($"The connection to a master ends: {Readable.Sentence(e.Message)}");
            }
            catch (OperationCanceledException)
            {
                // Interrupted, which is how an agent ends.
            }
        }

        return ExitCode.Success;
    }
}
