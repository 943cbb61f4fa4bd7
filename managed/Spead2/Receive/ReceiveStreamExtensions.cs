// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Spead2.Receive;

/// <summary>The three forms of receiving.txt's <c>add_udp_reader</c>, without an options object.</summary>
public static class ReceiveStreamExtensions
{
    /// <summary>Feeds the stream from a UDP port.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="port">See <see cref="UdpReaderOptions.Port"/>.</param>
    /// <param name="bindHost">See <see cref="UdpReaderOptions.BindHost"/>.</param>
    /// <param name="maxSize">See <see cref="UdpReaderOptions.MaxSize"/>.</param>
    /// <param name="bufferSize">See <see cref="UdpReaderOptions.BufferSize"/>.</param>
    /// <param name="socket">See <see cref="UdpReaderOptions.Socket"/>, also for who owns it.</param>
    /// <inheritdoc cref="IReceiveStream.AddUdpReader(UdpReaderOptions)" path="/*[not(self::summary or self::param)]"/>
    public static int AddUdpReader(
        this IReceiveStream stream,
        int port,
        string? bindHost = null,
        int maxSize = UdpReaderOptions.DefaultMaxSize,
        long? bufferSize = null,
        Socket? socket = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.AddUdpReader(new UdpReaderOptions
        {
            Port = port,
            BindHost = bindHost,
            MaxSize = maxSize,
            BufferSize = bufferSize,
            Socket = socket,
        });
    }

    /// <summary>Feeds the stream from an IPv4 multicast group on one interface.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="group">See <see cref="UdpReaderOptions.Group"/>.</param>
    /// <param name="port">See <see cref="UdpReaderOptions.Port"/>.</param>
    /// <param name="interfaceAddress">See <see cref="UdpReaderOptions.InterfaceAddress"/>.</param>
    /// <param name="maxSize">See <see cref="UdpReaderOptions.MaxSize"/>.</param>
    /// <param name="bufferSize">See <see cref="UdpReaderOptions.BufferSize"/>.</param>
    /// <inheritdoc cref="IReceiveStream.AddUdpReader(UdpReaderOptions)" path="/*[not(self::summary or self::param)]"/>
    public static int AddUdpReader(
        this IReceiveStream stream,
        IPAddress group,
        int port,
        IPAddress interfaceAddress,
        int maxSize = UdpReaderOptions.DefaultMaxSize,
        long? bufferSize = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ThrowIfNotOf(group, AddressFamily.InterNetwork, nameof(group));
        ThrowIfNotOf(interfaceAddress, AddressFamily.InterNetwork, nameof(interfaceAddress));
        return stream.AddUdpReader(new UdpReaderOptions
        {
            Group = group.ToString(),
            Port = port,
            InterfaceAddress = interfaceAddress.ToString(),
            MaxSize = maxSize,
            BufferSize = bufferSize,
        });
    }

    /// <summary>Feeds the stream from an IPv6 multicast group on one interface.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="group">See <see cref="UdpReaderOptions.Group"/>.</param>
    /// <param name="port">See <see cref="UdpReaderOptions.Port"/>.</param>
    /// <param name="interfaceIndex">See <see cref="UdpReaderOptions.InterfaceIndex"/>.</param>
    /// <param name="maxSize">See <see cref="UdpReaderOptions.MaxSize"/>.</param>
    /// <param name="bufferSize">See <see cref="UdpReaderOptions.BufferSize"/>.</param>
    /// <inheritdoc cref="IReceiveStream.AddUdpReader(UdpReaderOptions)" path="/*[not(self::summary or self::param)]"/>
    public static int AddUdpReader(
        this IReceiveStream stream,
        IPAddress group,
        int port,
        int interfaceIndex,
        int maxSize = UdpReaderOptions.DefaultMaxSize,
        long? bufferSize = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ThrowIfNotOf(group, AddressFamily.InterNetworkV6, nameof(group));
        return stream.AddUdpReader(new UdpReaderOptions
        {
            Group = group.ToString(),
            Port = port,
            InterfaceIndex = interfaceIndex,
            MaxSize = maxSize,
            BufferSize = bufferSize,
        });
    }

    private static void ThrowIfNotOf([NotNull] IPAddress? address, AddressFamily family, string name)
    {
        ArgumentNullException.ThrowIfNull(address, name);
        if (address.AddressFamily != family)
        {
            string version = family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
            throw new ArgumentException($"{name} must be an {version} address; {address} is not.", name);
        }
    }
}
