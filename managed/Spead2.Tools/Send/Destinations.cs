// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Spead2.Send;
using Spead2.Tools.Network;

namespace Spead2.Tools.Send;

/// <summary>Where `spead2 send` sends to: each address of each endpoint is a destination.</summary>
internal sealed class Destinations
{
    private const string Form = "HOST:PORT with a port from 1 to 65535";

    private readonly List<UdpWriterOptions> _writers;

    /// <summary>Reads them.</summary>
    /// <param name="endpoints">What the user wrote, at least one.</param>
    /// <param name="ttl">Hops of multicast packets; 0: the system's.</param>
    /// <param name="device">Name, address or index of the interface for groups without one; null: the system's.</param>
    /// <param name="bindHost">Host name or address to send from; null: the system's.</param>
    /// <exception cref="UserErrorException">Nothing can be sent to one of them.</exception>
    public Destinations(IReadOnlyList<string> endpoints, int ttl, string? device, string? bindHost)
    {
        Name = string.Join(" and ", endpoints);
        _writers = [.. endpoints.Select(text => WriterOf(Read(text), ttl, device, bindHost))];
        Count = _writers.Sum(writer => writer.Destinations.Count);
    }

    /// <summary>As the user wrote them.</summary>
    public string Name { get; }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>Adds a packet writer for each endpoint; the substreams are numbered as the destinations are.</summary>
    public void AddTo(ISendStream stream) => _writers.ForEach(writer => stream.Add(writer));

    /// <summary>Opens sockets for packets that no writer sends.</summary>
    public PlainSockets Open() => new(_writers);

    private static Endpoint Read(string text)
    {
        var endpoint = Endpoint.Parse(text, "--udp", Form);
        return endpoint switch
        {
            { Host: null } or { Port: 0 } => throw new UserErrorException(
                $"--udp '{text}' is no destination: it is {Form}."),
            { Senders.Count: > 0 } => throw new UserErrorException(
                $"--udp '{text}' is no destination: only receivers choose senders. --bind says where to send from."),
            _ => endpoint,
        };
    }

    private static UdpWriterOptions WriterOf(Endpoint endpoint, int ttl, string? device, string? bindHost)
    {
        IPAddress first = endpoint.Address ?? LookUp(endpoint.Host!);
        bool isGroup = Endpoint.IsMulticast(first);
        string? given = endpoint.Interface ?? (isGroup ? device : null);
        string scope = !isGroup && given is not null ? $"%{given}" : "";
        return new()
        {
            Destinations =
            [
                .. (endpoint.Address is null ? [first] : endpoint.Addresses)
                    .Select(address => new UdpDestination($"{address}{scope}", endpoint.Port)),
            ],
            TimeToLive = ttl,
            InterfaceIndex = isGroup && given is not null ? IndexOf(given, first.AddressFamily) : 0,
            BindHost = bindHost is null ? null : $"{LookUp(bindHost, first.AddressFamily)}",
        };
    }

    /// <summary>An address of a host: of a family, or, if it is null, of any.</summary>
    private static IPAddress LookUp(string host, AddressFamily? family = null)
    {
        try
        {
            // A receiver that is not told otherwise listens on IPv4.
            IPAddress[] addresses = Dns.GetHostAddresses(host);
            return Array.Find(addresses, address => address.AddressFamily == (family ?? AddressFamily.InterNetwork))
                ?? (family is null ? addresses.FirstOrDefault() : null)
                ?? throw new UserErrorException(
                    $"'{host}' has no address{(family is null ? "" : " of the kind that the destination has")}.");
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new UserErrorException($"'{host}' is no host name or address that is known here.");
        }
    }

    private static int IndexOf(string device, AddressFamily family)
    {
        if (int.TryParse(device, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            return index;
        }

        bool isAddress = IPAddress.TryParse(device, out IPAddress? own);
        IPInterfaceProperties found = NetworkInterface.GetAllNetworkInterfaces()
            .FirstOrDefault(candidate => isAddress
                ? candidate.GetIPProperties().UnicastAddresses.Any(unicast => unicast.Address.Equals(own))
                : candidate.Name == device)?.GetIPProperties()
            ?? throw new UserErrorException(
                $"--interface '{device}' is {(isAddress ? "no address" : "no interface")} of this host.");
        return family == AddressFamily.InterNetworkV6
            ? found.GetIPv6Properties().Index
            : found.GetIPv4Properties().Index;
    }
}
