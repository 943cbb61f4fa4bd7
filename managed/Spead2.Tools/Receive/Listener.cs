// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Spead2.Receive;
using Spead2.Tools.Commands;
using Spead2.Tools.Diagnosis;
using Spead2.Tools.Network;

namespace Spead2.Tools.Receive;

/// <summary>The sockets of one endpoint.</summary>
internal sealed class Listener(Endpoint endpoint, UdpSettings settings)
{
    // From <errno.h> of Linux.
    private const int AddressInUse = 98;
    private const int AddressNotAvailable = 99;

    private int _port = endpoint.Port;

    /// <summary>What it listens on. The port is the last word: programs that start a receiver read which one the system chose.</summary>
    public string Name =>
        string.Create(CultureInfo.InvariantCulture, $"on UDP {Place} port {_port}");

    /// <summary>The same, seen from the kernel; null where it is a name.</summary>
    public Target? Target(IReadOnlyList<NetworkDevice> devices) =>
        Diagnosis.Target.Of(endpoint, settings, devices) is { } target ? target with { Port = _port } : null;

    private string Place =>
        endpoint.Host is null && settings.BindHost is not null ? settings.BindHost
        : endpoint.Interface is null && settings.Interface is not null ? $"{endpoint.Place}%{settings.Interface}"
        : endpoint.Place;

    /// <summary>Opens a socket for each address.</summary>
    /// <param name="open">Opens one; gives it with the port that it has.</param>
    /// <exception cref="UserErrorException">One cannot be opened; the message says why.</exception>
    public IEnumerable<T> Open<T>(Func<UdpSourceOptions, (T Opened, int Port)> open)
    {
        foreach (UdpSourceOptions options in Options())
        {
            T opened;
            try
            {
                (opened, _port) = open(options);
            }
            catch (Spead2Exception exception)
            {
                throw new UserErrorException(
                    CommandNames.In(exception.Message, isHostInUdp: endpoint.Host is not null) + ReasonOf(exception));
            }

            yield return opened;
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
