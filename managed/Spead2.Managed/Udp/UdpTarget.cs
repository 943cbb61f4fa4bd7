// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Where a UDP reader receives: options with their names resolved.</summary>
/// <param name="EndPoint">Address, which may be that of a multicast group, and port.</param>
/// <param name="InterfaceAddress">Interface of an IPv4 group; null lets the system choose.</param>
/// <param name="InterfaceIndex">Interface of an IPv6 group; 0 lets the system choose.</param>
internal sealed record UdpTarget(IPEndPoint EndPoint, IPAddress? InterfaceAddress = null, int InterfaceIndex = 0)
{
    /// <summary>Whether a group is to be joined.</summary>
    public bool IsGroup => IsMulticast(EndPoint.Address);

    /// <summary>
    /// What to bind to: the group itself, so that nothing else is received. Windows does not bind to groups.
    /// </summary>
    public IPEndPoint BindEndPoint => IsGroup && OperatingSystem.IsWindows()
        ? new(EndPoint.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, EndPoint.Port)
        : EndPoint;

    /// <summary>Resolves the names in options.</summary>
    /// <exception cref="Spead2Exception">A name does not resolve, or an address does not fit the others.</exception>
    public static UdpTarget Of(UdpReaderOptions options)
    {
        if (options.Group is null)
        {
            IPAddress host = options.BindHost is null
                ? IPAddress.Any
                : Resolve(options.BindHost, nameof(options.BindHost));
            return new(new IPEndPoint(host, options.Port));
        }

        IPAddress group = Resolve(options.Group, nameof(options.Group));
        return group.AddressFamily == AddressFamily.InterNetworkV6 ? OfGroupV6(group, options) : OfGroupV4(group, options);
    }

    private static UdpTarget OfGroupV4(IPAddress group, UdpReaderOptions options)
    {
        if (options.InterfaceIndex != 0)
        {
            throw StatusException.Address(
                $"Group \"{options.Group}\" is an IPv4 address, so its interface must be given by InterfaceAddress");
        }

        IPAddress? interfaceAddress = options.InterfaceAddress is null
            ? null
            : Resolve(options.InterfaceAddress, nameof(options.InterfaceAddress));
        if (interfaceAddress is not null && interfaceAddress.AddressFamily != AddressFamily.InterNetwork)
        {
            throw StatusException.Address($"InterfaceAddress \"{options.InterfaceAddress}\" is not an IPv4 address");
        }

        if (!IsMulticast(group) && !group.Equals(interfaceAddress))
        {
            throw StatusException.Address(
                $"Group \"{options.Group}\" is neither a multicast group nor the address of its interface");
        }

        return new(new IPEndPoint(group, options.Port), interfaceAddress);
    }

    private static UdpTarget OfGroupV6(IPAddress group, UdpReaderOptions options)
    {
        if (options.InterfaceAddress is not null)
        {
            throw StatusException.Address(
                $"Group \"{options.Group}\" is an IPv6 address, so its interface must be given by InterfaceIndex");
        }

        if (!IsMulticast(group))
        {
            throw StatusException.Address($"Group \"{options.Group}\" is not a multicast group");
        }

        // The system needs to know the link of an address that is only valid on one.
        IPAddress bound = options.InterfaceIndex == 0 ? group : new(group.GetAddressBytes(), options.InterfaceIndex);
        return new(new IPEndPoint(bound, options.Port), InterfaceIndex: options.InterfaceIndex);
    }

    private static bool IsMulticast(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? address.IsIPv6Multicast
        : (address.GetAddressBytes()[0] & 0xf0) == 0xe0;

    /// <summary>The first address that a name resolves to.</summary>
    private static IPAddress Resolve(string host, string option)
    {
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return address;
        }

        try
        {
            return Dns.GetHostAddresses(host)[0];
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException or IndexOutOfRangeException)
        {
            throw StatusException.Address($"cannot resolve {option} \"{host}\": {exception.Message}");
        }
    }
}
