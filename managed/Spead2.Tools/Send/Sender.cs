// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Spead2.Send;
using Spead2.Tools.Commands;
using Spead2.Tools.Output;

namespace Spead2.Tools.Send;

/// <summary>`spead2 send`.</summary>
internal sealed class Sender(SendSettings settings, Terminal terminal)
{
    private readonly SendTally _tally = new();
    private readonly Queue<Task<SendResult>> _onTheirWay = new();
    private readonly HeapCntSequence _cnts = new();

    // Only stop heaps are sent from now on, which nothing is done to.
    private bool _isEnding;

    /// <summary>Sends, and shows what was sent.</summary>
    /// <returns>The process's exit code.</returns>
    public async Task<int> RunAsync()
    {
        using var cancellation = new CancellationTokenSource();
        using var interrupt = new Interrupt(cancellation.Cancel);
        using IHeapSource source = settings.Source;
        try
        {
            using PlainSockets? sockets = settings.Faults is null ? null : settings.Destinations.Open();
            await using ISendStream stream =
                settings.Engine.OpenSender(settings.Stream, new TerminalLogger(terminal, LogLevel.Warning));
            AddWriters(stream, sockets);
            if (settings.Json || !terminal.IsWatched)
            {
                await SendAsync(stream, sockets, _ => { }, cancellation.Token);
            }
            else
            {
                await terminal.WithProgressAsync(
                    $"heaps to {settings.Destinations.Name}",
                    settings.Heaps,
                    show => SendAsync(stream, sockets, show, cancellation.Token));
            }
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException(CommandNames.In(Readable.Sentence(e.Message.Split(" (Parameter")[0])));
        }
        catch (Exception e) when (e is SocketException or FormatException)
        {
            throw new UserErrorException($"Packets cannot be sent to {settings.Destinations.Name}: {e.Message}");
        }

        Report();
        return _tally.Failed == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private void AddWriters(ISendStream stream, PlainSockets? sockets)
    {
        if (sockets is null)
        {
            settings.Destinations.AddTo(stream);
            return;
        }

        stream.Add(new FunctionWriterOptions((substream, packet) =>
        {
            if (_isEnding)
            {
                sockets.Send(substream, packet);
            }
            else
            {
                settings.Faults!.Take(substream, packet, sockets.Send);
            }
        })
        {
            Substreams = settings.Destinations.Count,
        });
    }

    /// <summary>Sends all heaps, and the stop heaps if they are wanted, also when it is ended early.</summary>
    private async Task SendAsync(
        ISendStream stream, PlainSockets? sockets, Action<long> progress, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        while (_tally.Heaps < settings.Heaps && !cancellation.IsCancellationRequested)
        {
            await WaitForRoomAsync();
            int destination = (int)(_tally.Heaps % settings.Destinations.Count);
            ulong number = _cnts.Take(settings.Stream.Flavour);
            Queue(stream, settings.Source.Next(number, destination), number, destination);
            progress(++_tally.Heaps);
        }

        await stream.FlushAsync(CancellationToken.None);
        if (sockets is not null)
        {
            settings.Faults!.Flush(sockets.Send);
            _isEnding = true;
        }

        HeapToSend end = new();
        end.AddEnd();
        for (int i = 0; settings.Stop && i < settings.Destinations.Count; i++)
        {
            await WaitForRoomAsync();
            Queue(stream, end, _cnts.Take(settings.Stream.Flavour), i);
        }

        while (_onTheirWay.Count != 0)
        {
            Count(await _onTheirWay.Dequeue());
        }

        _tally.Time = Stopwatch.GetElapsedTime(start);
    }

    private async Task WaitForRoomAsync()
    {
        if (_onTheirWay.Count == settings.Stream.MaxHeaps)
        {
            Count(await _onTheirWay.Dequeue());
        }
    }

    private void Queue(ISendStream stream, HeapToSend heap, ulong number, int destination) => _onTheirWay.Enqueue(stream
        .SendAsync(
            [new HeapReference(heap) { Cnt = (long)settings.Source.CntOf(number), Substream = destination }],
            GroupMode.Serial,
            CancellationToken.None)
        .AsTask());

    private void Count(SendResult result)
    {
        if (!result.IsSuccess && _tally.Failed == 0)
        {
            terminal.Say($"error: packets cannot be sent to {settings.Destinations.Name}: {ReasonOf(result)}.");
        }

        _tally.Packets += result.Packets;
        _tally.Bytes += result.Bytes;
        _tally.Failed += result.FailedPackets;
    }

    /// <summary>Why heaps could not be sent.</summary>
    public static string ReasonOf(SendResult result) => result.Status == Spead2Status.OperatingSystem
        ? System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(result.OsCode)
        : result.Status.ToString();

    private void Report()
    {
        if (settings.Json)
        {
            SendReport.WriteJson(terminal.Output, _tally, settings.Faults);
        }
        else
        {
            SendReport.WriteTable(terminal, _tally, settings.Faults);
        }
    }
}
