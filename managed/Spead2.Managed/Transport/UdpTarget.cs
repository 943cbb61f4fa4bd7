// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Where a UDP source receives: options with their names resolved.</summary>
/// <param name="EndPoint">Address, which may be that of a multicast group, and port.</param>
/// <param name="IsGroup">Whether a group is to be joined.</param>
internal sealed record UdpTarget(IPEndPoint EndPoint, bool IsGroup)
{
    private const string SocketReason = "that is what the socket is for";

    /// <summary>Interface of an IPv4 group by its address; null: see <see cref="InterfaceIndex"/>.</summary>
    public IPAddress? InterfaceAddress { get; private init; }

    /// <summary>Interface of a group; 0 lets the system choose.</summary>
    public int InterfaceIndex { get; private init; }

    /// <summary>The interface's name, or what else is known of it; null: the system chooses.</summary>
    public string? InterfaceName { get; private init; }

    /// <summary>The interface as the user has named it; null: not at all.</summary>
    public string? GivenInterface { get; private init; }

    /// <summary>Whether <see cref="InterfaceName"/> is what the user named the interface by, so that it has no index yet.</summary>
    public bool IsInterfaceNamed { get; private init; }

    /// <summary>All others are kept out; none are if there is nobody here. Without repetitions.</summary>
    public IReadOnlyList<IPAddress> Senders { get; private init; } = [];

    /// <summary>Sockets that share the group by filters; 0: there is no filter.</summary>
    public int Members { get; init; }

    /// <summary>Which of these the socket is.</summary>
    public int Member { get; init; }

    public bool IsV6 => EndPoint.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>
    /// What to bind to: the group itself, so that nothing else is received. Windows does not bind to groups.
    /// </summary>
    public IPEndPoint BindEndPoint => IsGroup && OperatingSystem.IsWindows()
        ? new(EndPoint.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, EndPoint.Port)
        : EndPoint;

    /// <summary>The same on an interface that has been found.</summary>
    public UdpTarget On(int index, string? name) => this with
    {
        EndPoint = IsV6 ? new(new IPAddress(EndPoint.Address.GetAddressBytes(), index), EndPoint.Port) : EndPoint,
        InterfaceIndex = index,
        InterfaceName = name,
    };

    /// <summary>Resolves the names in options.</summary>
    /// <param name="options">Options.</param>
    /// <param name="family">That of an existing socket, or null.</param>
    /// <param name="names">What messages call the options.</param>
    /// <exception cref="Spead2Exception">A name does not resolve, or an address does not fit the others.</exception>
    public static UdpTarget Of(UdpSourceOptions options, AddressFamily? family, UdpFieldNames names)
    {
        UdpTarget target = OfAddress(options, family, names);
        string? given = options.GivenInterfaceName ?? options.GivenInterfaceAddress ??
            (target.InterfaceIndex == 0 ? null : target.InterfaceIndex.ToString(CultureInfo.InvariantCulture));
        return target with
        {
            InterfaceName = given,
            GivenInterface = given,
            IsInterfaceNamed = options.GivenInterfaceName is not null,
            Senders = SendersOf(options, target, names),
        };
    }

    private static UdpTarget OfAddress(UdpSourceOptions options, AddressFamily? family, UdpFieldNames names)
    {
        if (options.Group is not null)
        {
            return OfGroup(options, family, names);
        }

        if (options.GivenBindHost is null)
        {
            IPAddress any = family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
            return new(new IPEndPoint(any, options.Port), IsGroup: false);
        }

        IPAddress host = Resolve(names.Prefix + names.BindHost, options.GivenBindHost, family, SocketReason);
        return host.IsIPv6Multicast
            ? OfGroupV6(host, options.GivenBindHost, options, names)
            : new(new IPEndPoint(host, options.Port), IsMulticast(host));
    }

    private static UdpTarget OfGroup(UdpSourceOptions options, AddressFamily? family, UdpFieldNames names)
    {
        string reason = SocketReason;
        AddressFamily? wanted = family;
        if (options.GivenInterfaceAddress is not null)
        {
            wanted = AddressFamily.InterNetwork;
            reason = $"{names.InterfaceAddress} goes with IPv4 groups (any group may have {names.InterfaceIndex})";
        }

        if (family is not null && wanted != family)
        {
            throw StatusException.Argument($"{names.Prefix}{names.Socket} is an {NameOf(family.Value)} socket, but {reason}");
        }

        IPAddress group = Resolve(names.Prefix + names.Group, options.Group!, wanted, reason);
        if (group.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return OfGroupV4(group, options, names);
        }

        if (!group.IsIPv6Multicast)
        {
            throw StatusException.Argument(
                $"{names.Prefix}{names.Group} is \"{options.Group}\", which is not a multicast group; use {names.BindHost} to receive " +
                "what is sent to one address");
        }

        return OfGroupV6(group, options.Group!, options, names);
    }

    /// <summary>A group, or the address of the interface itself.</summary>
    private static UdpTarget OfGroupV4(IPAddress group, UdpSourceOptions options, UdpFieldNames names)
    {
        IPAddress? interfaceAddress = options.GivenInterfaceAddress is null ? null : Resolve(
            names.Prefix + names.InterfaceAddress,
            options.GivenInterfaceAddress,
            AddressFamily.InterNetwork,
            $"{names.InterfaceAddress} goes with IPv4 groups");
        if (group.Equals(IPAddress.Any) && interfaceAddress is not null)
        {
            group = interfaceAddress;
        }

        bool isMulticast = IsMulticast(group);
        if (!isMulticast && !group.Equals(interfaceAddress ?? IPAddress.Any))
        {
            throw StatusException.Argument(
                $"{names.Prefix}{names.Group} is \"{options.Group}\", which is neither a multicast group nor the address of the " +
                $"interface ({names.InterfaceAddress} is \"{options.GivenInterfaceAddress}\"); use {names.BindHost} to " +
                "receive what is sent to one address");
        }

        return new(new IPEndPoint(group, options.Port), isMulticast)
        {
            InterfaceAddress = interfaceAddress,
            InterfaceIndex = options.InterfaceIndex,
        };
    }

    /// <summary>
    /// The interface of an IPv6 group is a part of its address, without which groups of a link cannot be bound.
    /// </summary>
    private static UdpTarget OfGroupV6(IPAddress group, string text, UdpSourceOptions options, UdpFieldNames names)
    {
        int index = (int)group.ScopeId;
        if (index != 0 && options.InterfaceIndex != 0 && index != options.InterfaceIndex)
        {
            throw StatusException.Argument(
                $"{names.Prefix}{names.Group} is \"{text}\", which is on interface {index}, but {names.InterfaceIndex} is " +
                $"{options.InterfaceIndex}");
        }

        index = options.InterfaceIndex != 0 ? options.InterfaceIndex : index;
        if (index == 0 && options.GivenInterfaceName is null && IsLocal(group))
        {
            throw StatusException.Argument(
                $"the group \"{text}\" exists on every link apart: {names.InterfaceName} or {names.InterfaceIndex} must say " +
                $"which one is meant (or \"{text}%INTERFACE\")");
        }

        return new(new IPEndPoint(new IPAddress(group.GetAddressBytes(), index), options.Port), IsGroup: true)
        {
            InterfaceIndex = index,
        };
    }

    private static List<IPAddress> SendersOf(UdpSourceOptions options, UdpTarget target, UdpFieldNames names)
    {
        if (options.Senders.Count != 0 && !target.IsGroup)
        {
            throw StatusException.Argument(
                $"{names.Prefix}{names.Senders} is set, but \"{options.Group}\" is not a multicast group, which is what " +
                "senders are chosen for");
        }

        List<IPAddress> senders = [];
        for (int i = 0; i < options.Senders.Count; i++)
        {
            IPAddress sender = Resolve(
                string.Create(CultureInfo.InvariantCulture, $"{names.Prefix}{names.Senders}[{i}]"),
                options.Senders[i],
                target.EndPoint.AddressFamily,
                "a group and its senders are of one family");
            if (!senders.Contains(sender))
            {
                senders.Add(sender);
            }
        }

        return senders;
    }

    /// <summary>An address as text, whose scope has the name of its interface where that is known.</summary>
    public static string TextOf(IPAddress address, string? interfaceName) =>
        address.AddressFamily != AddressFamily.InterNetworkV6 || address.ScopeId == 0 || interfaceName is null
            ? address.ToString()
            : $"{new IPAddress(address.GetAddressBytes())}%{interfaceName}";

    /// <summary>Whether an address is that of a group.</summary>
    public static bool IsMulticast(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? address.IsIPv6Multicast
        : (address.GetAddressBytes()[0] & 0xf0) == 0xe0;

    /// <summary>Whether a multicast address means something else on every link, or on every host.</summary>
    private static bool IsLocal(IPAddress group) => (group.GetAddressBytes()[1] & 0xf) is 1 or 2;

    private static string NameOf(AddressFamily family) =>
        family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    /// <summary>
    /// The first address of a family (null: of any) that the name in an option resolves to.
    /// <paramref name="reason"/> says why it must be that family.
    /// </summary>
    public static IPAddress Resolve(string option, string host, AddressFamily? family, string reason)
    {
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(host, out IPAddress? parsed) ? [parsed] : Dns.GetHostAddresses(host);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            throw StatusException.Address($"cannot resolve {option} \"{host}\": {exception.Message}");
        }

        return addresses.FirstOrDefault(address => family is null || address.AddressFamily == family) ??
            throw StatusException.Argument(
                $"{option} is \"{host}\", which is no {NameOf(family ?? AddressFamily.InterNetwork)} address, but {reason}");
    }
}
