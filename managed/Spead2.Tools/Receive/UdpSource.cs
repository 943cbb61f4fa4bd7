// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Spead2.Receive;
using Spead2.Tools.Commands;
using Spead2.Tools.Diagnosis;
using Spead2.Tools.Network;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>UDP ports and multicast groups: a socket for each address.</summary>
internal sealed class UdpSource : IPacketSource
{
    // From <errno.h> of Linux.
    private const int AddressInUse = 98;
    private const int AddressNotAvailable = 99;

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
            _sources.AddRange(listener.AttachTo(stream));
            terminal.Say($"Listening {listener.Name}.");
        }
    }

    public Func<TimeSpan, IReadOnlyList<Finding>>? WatchSilence() =>
        OperatingSystem.IsLinux() ? new Silence(Targets).Explain : null;

    public void ExplainEnd(StreamStatistics statistics, Terminal terminal)
    {
        // The statistics say it all.
    }

    /// <summary>The sockets of one endpoint.</summary>
    private sealed class Listener(Endpoint endpoint, UdpSettings settings)
    {
        private int _port = endpoint.Port;

        // The port is the last word: programs that start a receiver read which one the system chose.
        public string Name =>
            string.Create(CultureInfo.InvariantCulture, $"on UDP {Place} port {_port}");

        public Target? Target(IReadOnlyList<NetworkDevice> devices) =>
            Diagnosis.Target.Of(endpoint, settings, devices) is { } target ? target with { Port = _port } : null;

        private string Place =>
            endpoint.Host is null && settings.BindHost is not null ? settings.BindHost
            : endpoint.Interface is null && settings.Interface is not null ? $"{endpoint.Place}%{settings.Interface}"
            : endpoint.Place;

        public IEnumerable<PacketSource> AttachTo(IReceiveStream stream)
        {
            foreach (UdpSourceOptions options in Options())
            {
                PacketSource source;
                try
                {
                    source = stream.Add(options);
                }
                catch (Spead2Exception exception)
                {
                    throw new UserErrorException(
                        CommandNames.In(exception.Message, isHostInUdp: endpoint.Host is not null) + ReasonOf(exception));
                }

                _port = source.Port;
                yield return source;
            }
        }

        /// <summary>Why the address cannot be bound, with the cure; empty if that is not known.</summary>
        private string ReasonOf(Spead2Exception exception)
        {
            if (!OperatingSystem.IsLinux())
            {
                return "";
            }

            IReadOnlyList<NetworkDevice> devices = NetworkDevice.All();
            SystemFiles files = new();
            Finding? finding = Target(devices) is not { } target ? null
                : exception.OsCode == AddressInUse ? PortOwners.Conflict(target, files)
                : exception.OsCode == AddressNotAvailable
                    ? new EndpointChecks(target, devices, files).OfInterfaces().FirstOrDefault()
                : null;
            return finding is null ? "" : $". {finding}";
        }

        private IEnumerable<UdpSourceOptions> Options() =>
            endpoint.Address is null
                ? [OptionsOf(endpoint.Host, mayBeGroup: endpoint.Host is not null)]
                : endpoint.Addresses.Select(address => OptionsOf(address.ToString(), Endpoint.IsMulticast(address)));

        private UdpSourceOptions OptionsOf(string? host, bool mayBeGroup)
        {
            string? device = endpoint.Interface ?? (mayBeGroup ? settings.Interface : null);
            var options = new UdpSourceOptions
            {
                Port = endpoint.Port,
                BufferSize = settings.BufferSize,
                MaxSize = settings.MaxSize,
                Dialect = settings.Dialect,
            };
            if (mayBeGroup && (endpoint.Address is not null || device is not null || endpoint.Senders.Count > 0))
            {
                options.Group = host;
                options.Senders = endpoint.Senders;
                SetInterface(options, device);
            }
            else
            {
                // A name may be a group's, too: what is bound to one joins it.
                options.BindHost = host is null ? settings.BindHost : device is null ? host : $"{host}%{device}";
            }

            return options;
        }

        private static void SetInterface(UdpSourceOptions options, string? device)
        {
            if (int.TryParse(device, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            {
                options.InterfaceIndex = index;
            }
            else if (IPAddress.TryParse(device, out IPAddress? address))
            {
                options.InterfaceName = NameOf(address);
            }
            else
            {
                options.InterfaceName = device;
            }
        }

        // A name goes with groups of both families, an address with those of its own only.
        private static string NameOf(IPAddress address) =>
            NetworkInterface.GetAllNetworkInterfaces()
                .FirstOrDefault(device => device.GetIPProperties().UnicastAddresses.Any(own => own.Address.Equals(address)))?.Name
            ?? throw new UserErrorException($"--interface {address} is no address of this host.");
    }
}
