// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Diagnosis;
using Spead2.Tools.Network;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>UDP ports and multicast groups: a socket for each address.</summary>
internal sealed class UdpSource : IPacketSource
{
    private readonly IReadOnlyList<Listener> _listeners;
    private readonly List<PacketSource> _sources = [];

    /// <summary>Makes a source.</summary>
    /// <param name="endpoints">What to listen on.</param>
    /// <param name="settings">What all sockets have in common.</param>
    public UdpSource(IReadOnlyList<Endpoint> endpoints, UdpSettings settings)
    {
        Endpoints = endpoints;
        _listeners = [.. endpoints.Select(endpoint => new Listener(endpoint, settings))];
    }

    /// <summary>What is listened on.</summary>
    public IReadOnlyList<Endpoint> Endpoints { get; }

    public bool IsFile => false;

    /// <summary>Datagrams that have arrived.</summary>
    public long Datagrams => _sources.Sum(source => source.Statistics.Datagrams);

    /// <summary>What it listens on, seen from the kernel; with the ports that the system chose once it is attached.</summary>
    public IReadOnlyList<Target> Targets()
    {
        IReadOnlyList<NetworkDevice> devices = NetworkDevice.All();
        return [.. _listeners.Select(listener => listener.Target(devices)).OfType<Target>()];
    }

    public string? SuggestedDialect => _sources.Select(source => source.SuggestedDialect).FirstOrDefault(name => name is not null);

    public string Name => string.Join(" and ", _listeners.Select(listener => listener.Name));

    public void Open()
    {
        // There is nothing to look at before the sockets are bound.
    }

    public void AttachTo(IReceiveStream stream, Terminal terminal)
    {
        foreach (Listener listener in _listeners)
        {
            _sources.AddRange(listener.Open(
                options =>
                {
                    PacketSource source = stream.Add(options);
                    return (source, source.Port);
                }));
            terminal.Say($"Listening {listener.Name}.");
        }
    }

    public Func<TimeSpan, IReadOnlyList<Finding>>? WatchSilence() =>
        OperatingSystem.IsLinux() ? new Silence(Targets).Explain : null;

    public void ExplainEnd(StreamStatistics statistics, Terminal terminal)
    {
        // The statistics say it all.
    }
}
