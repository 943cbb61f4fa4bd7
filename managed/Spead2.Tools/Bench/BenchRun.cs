// SPDX-License-Identifier: MIT

using System.Net;
using Microsoft.Extensions.Logging;
using Spead2.Send;
using Spead2.Tools.Output;

namespace Spead2.Tools.Bench;

/// <summary>`spead2 bench master`: searches the highest rate at which an agent loses nothing.</summary>
/// <param name="settings">What is measured.</param>
/// <param name="agent">Where the agent is.</param>
/// <param name="name">The same as the user wrote it.</param>
/// <param name="terminal">Where the results go.</param>
internal sealed class BenchRun(BenchSettings settings, IPEndPoint agent, string name, Terminal terminal)
{
    // The warm-up: some 50 ms at 10 Gb/s, enough to know the sender's speed and to have everything compiled.
    private const long WarmUpBytes = 64 << 20;

    // Each side of the search ends the pass with some heaps more than whole seconds, as the masters of spead2 do.
    private const int SpareHeaps = 2;

    private const double BytesPerGigabit = 1e9 / 8;

    private readonly SendPass _sender = new(settings, WriterOf(settings, agent));
    private readonly BenchReport _report = new(settings, terminal);

    // Per heap, of packets; known after the first pass.
    private double _bytesPerHeap;

    /// <summary>Runs the search and shows its result.</summary>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>The process's exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        ILogger logger = new TerminalLogger(terminal);
        Pass warmUp = await PassAsync(0, Math.Max(WarmUpBytes / settings.HeapSize, 1), logger, cancellation);
        _bytesPerHeap = (double)warmUp.Sent.Bytes / warmUp.Sent.Heaps;
        double fastest = warmUp.Sent.Rate;
        if (warmUp.Received.Heaps == 0)
        {
            terminal.Say($"No heap arrived at {name}, of {warmUp.Sent.Heaps} that were sent.");
            return ExitCode.NothingArrived;
        }

        RateSearch search = new(
            async rate =>
            {
                double expected = rate == 0 ? fastest : rate;
                long heaps = (long)(expected * BytesPerGigabit * settings.PassTime.TotalSeconds / _bytesPerHeap);
                Pass pass = await PassAsync(rate, heaps + SpareHeaps, logger, cancellation);
                _report.Add(pass);
                return pass;
            },
            settings.Passes,
            settings.Precision);
        SearchResult result = await search.RunAsync();
        _report.Finish(result);
        return result.Best is null ? ExitCode.Failure : ExitCode.Success;
    }

    private async Task<Pass> PassAsync(double rate, long heaps, ILogger logger, CancellationToken cancellation)
    {
        using AgentLink link = await AgentLink.StartAsync(agent, name, settings.Protocol, settings.Agent, cancellation);
        SendTotals sent = await _sender.RunAsync(heaps, rate, _bytesPerHeap, logger, cancellation);
        cancellation.ThrowIfCancellationRequested();
        PassReport received = await link.StopAsync(cancellation);
        return new Pass(rate, sent, received);
    }

    private static UdpWriterOptions WriterOf(BenchSettings settings, IPEndPoint agent)
    {
        if (settings.Agent.Multicast.Count == 0)
        {
            return new UdpWriterOptions(agent.Address.ToString(), agent.Port);
        }

        Network.Endpoint group = Network.Endpoint.Parse(settings.Agent.Multicast[0], "--multicast");
        return new UdpWriterOptions(group.Address!.ToString(), group.Port) { TimeToLive = settings.TimeToLive };
    }
}
