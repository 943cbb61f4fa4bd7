// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using Spead2.Tools.Output;

namespace Spead2.Tools.Send;

/// <summary>`spead2 send`.</summary>
internal sealed class Sender(SendSettings settings, Terminal terminal)
{
    /// <summary>Sends, and shows what was sent.</summary>
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using var cancellation = new CancellationTokenSource();
        using var interrupt = new Interrupt(cancellation.Cancel);
        using IHeapSource source = settings.Source;
        try
        {
            using var socket = PacketSocket.Connect(settings.Destination, settings.PacketSize);
            var sender = new HeapSender(settings, socket);
            SendTally tally = settings.Json || !terminal.IsWatched
                ? sender.Send(_ => { }, cancellation.Token)
                : SendWatched(sender, cancellation.Token);
            if (socket.WasRefused)
            {
                terminal.Say($"warning: at some time nobody received on {settings.Destination}, says the host.");
            }

            Report(tally);
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"Packets cannot be sent to {settings.Destination}: {e.Message}.");
        }

        return ExitCode.Success;
    }

    private SendTally SendWatched(HeapSender sender, CancellationToken cancellation) =>
        terminal.WithProgress(
            $"heaps to {settings.Destination}", settings.Heaps, show => sender.Send(show, cancellation));

    private void Report(SendTally tally)
    {
        if (settings.Json)
        {
            SendReport.WriteJson(terminal.Output, tally);
        }
        else
        {
            SendReport.WriteTable(terminal, tally);
        }
    }
}
