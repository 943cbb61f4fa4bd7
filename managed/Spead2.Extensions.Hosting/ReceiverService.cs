// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>Receives while the host runs, and hands every heap on.</summary>
internal sealed partial class ReceiverService(
    Receiver receiver, IHeapTarget target, ILogger logger, IHostApplicationLifetime lifetime) : BackgroundService
{
    // Hosts before version 11 end with 0 whatever a service throws.
    private const int FailedExitCode = 1;

    private IReceiveStream? _first;

    /// <summary>Opens the sources, so that a host does not start that cannot receive.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _first = receiver.Open();
        LogReceives(receiver.Name);
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        receiver.Close();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            for (IReceiveStream stream = _first!; ; stream = receiver.Open())
            {
                await HandOverAsync(stream, stoppingToken).ConfigureAwait(false);
                receiver.Close();
                LogEnded(receiver.Name, receiver.Heaps);
                if (stoppingToken.IsCancellationRequested || receiver.Options.AtEnd != StreamEnd.Restart)
                {
                    break;
                }
            }
        }
        catch
        {
            Environment.ExitCode = FailedExitCode;
            throw;
        }
        finally
        {
            target.Complete();
        }

        if (receiver.Options.AtEnd == StreamEnd.StopHost)
        {
            lifetime.StopApplication();
        }
    }

    private async Task HandOverAsync(IReceiveStream stream, CancellationToken stopping)
    {
        // Heaps that were finished before the host stops are still handed over: the stop ends the enumeration after them.
        using CancellationTokenRegistration stop = stopping.UnsafeRegister(
            static stream => ((IReceiveStream)stream!).Stop(), stream);
        await foreach (Heap heap in stream.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            receiver.Count();
            await target.TakeAsync(heap, stopping).ConfigureAwait(false);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Receiver} receives.")]
    private partial void LogReceives(string receiver);

    [LoggerMessage(2, LogLevel.Information, "{Receiver} has ended after {Heaps} heaps.")]
    private partial void LogEnded(string receiver, long heaps);
}
