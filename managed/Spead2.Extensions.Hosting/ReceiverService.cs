// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>Receives while the host runs, and hands every heap on.</summary>
internal sealed partial class ReceiverService(
    Receiver receiver, IHeapTarget target, ILogger logger, IHostApplicationLifetime lifetime)
    : BackgroundService, IHostedLifecycleService
{
    // Hosts before version 11 end with 0 whatever a service throws.
    private const int FailedExitCode = 1;

    private readonly CancellationTokenSource _hostStops = new();
    private IReceiveStream? _first;

    /// <summary>Opens the sources, so that a host does not start that cannot receive.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _first = receiver.Open();
        LogReceives(receiver.Name);
        return base.StartAsync(cancellationToken);
    }

    /// <summary>
    /// Stops the stream before the host stops its services one by one: a service that reads the channel to its end may be
    /// stopped before this one, and the host waits for it.
    /// </summary>
    public Task StoppingAsync(CancellationToken cancellationToken) => _hostStops.CancelAsync();

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Dispose()
    {
        base.Dispose();
        _hostStops.Dispose();
        receiver.Close();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, _hostStops.Token);
        try
        {
            for (IReceiveStream stream = _first!; ; stream = receiver.Open())
            {
                await HandOverAsync(stream, stop.Token, stoppingToken).ConfigureAwait(false);
                receiver.Close();
                LogEnded(receiver.Name, receiver.Heaps);
                if (stop.IsCancellationRequested || receiver.Options.AtEnd != StreamEnd.Restart)
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

    private async Task HandOverAsync(IReceiveStream stream, CancellationToken stop, CancellationToken giveUp)
    {
        // Heaps that were finished before the host stops are still handed over: the stop ends the enumeration after them.
        using CancellationTokenRegistration registration = stop.UnsafeRegister(
            static stream => ((IReceiveStream)stream!).Stop(), stream);
        await foreach (Heap heap in stream.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            receiver.Count();
            await target.TakeAsync(heap, giveUp).ConfigureAwait(false);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Receiver} receives.")]
    private partial void LogReceives(string receiver);

    [LoggerMessage(2, LogLevel.Information, "{Receiver} has ended after {Heaps} heaps.")]
    private partial void LogEnded(string receiver, long heaps);
}
