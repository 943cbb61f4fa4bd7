// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Tools.Network;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Diagnosis;

/// <summary>What a receiver listens on, seen from the kernel.</summary>
/// <param name="Place">Host and port as the user wrote them.</param>
/// <param name="Addresses">The addresses; that of any interface is among them if there is no other.</param>
/// <param name="Port">The port; 0 if the system is to choose.</param>
/// <param name="Interface">Name of the interface that groups are joined on; null: that of the route.</param>
/// <param name="Senders">Addresses of those whose packets are wanted; none: everybody's.</param>
internal sealed record Target(
    string Place, IReadOnlyList<IPAddress> Addresses, int Port, string? Interface, IReadOnlyList<IPAddress> Senders)
{
    /// <summary>Whether it is multicast.</summary>
    public bool IsGroup => Endpoint.IsMulticast(Addresses[0]);

    /// <summary>Whether it is every address of this machine.</summary>
    public bool IsAny => Addresses[0].Equals(IPAddress.Any) || Addresses[0].Equals(IPAddress.IPv6Any);

    /// <summary>The target of an endpoint; null if its host has no address.</summary>
    public static Target? Of(Endpoint endpoint, UdpSettings settings, IReadOnlyList<NetworkDevice> devices)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(settings);
        IPAddress[] addresses = endpoint.Address is not null ? [.. endpoint.Addresses] : Resolve(endpoint.Host ?? settings.BindHost);
        return addresses.Length == 0
            ? null
            : new Target(
                endpoint.Text,
                addresses,
                endpoint.Port,
                NameOf(endpoint.Interface ?? settings.Interface, devices),
                [.. endpoint.Senders.SelectMany(Resolve)]);
    }

    /// <summary>The interface by which its packets come; null if there is none, or all are meant.</summary>
    public NetworkDevice? DeviceOf(IReadOnlyList<NetworkDevice> devices) =>
        IsAny ? null
        : Interface is not null ? devices.FirstOrDefault(device => device.Name == Interface)
        : IsGroup ? Routing.DeviceTo(Addresses[0], devices)
        : devices.FirstOrDefault(device => device.Addresses.Any(own => own.Equals(Addresses[0])));

    /// <summary>Whether a datagram to this address is meant for it.</summary>
    public bool Has(IPAddress address) =>
        IsAny ? !Endpoint.IsMulticast(address) : Addresses.Any(own => own.GetAddressBytes().AsSpan().SequenceEqual(address.GetAddressBytes()));

    // An interface may be named by its index or by an address.
    private static string? NameOf(string? text, IReadOnlyList<NetworkDevice> devices) =>
        IPAddress.TryParse(text, out IPAddress? address) && !text.All(char.IsAsciiDigit)
            ? devices.FirstOrDefault(device => device.Addresses.Contains(address))?.Name
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                ? PacketWatch.NameOf(index)
                : text;

    // A receiver that is not told otherwise listens on IPv4.
    private static IPAddress[] Resolve(string? host)
    {
        if (host is null)
        {
            return [IPAddress.Any];
        }

        try
        {
            IPAddress[] addresses = Dns.GetHostAddresses(host);
            return [.. addresses.OrderByDescending(address => address.AddressFamily == AddressFamily.InterNetwork).Take(1)];
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            return [];
        }
    }
}
