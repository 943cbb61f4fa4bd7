// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Spead2.Receive;

/// <summary>
/// spead2's names for what <see cref="IReceiveStream.Add"/> does, for callers that need no handle of the source.
/// </summary>
public static class ReceiveStreamExtensions
{
    /// <summary>Feeds the stream from memory (spead2: <c>add_buffer_reader</c>).</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="packets">See <see cref="BufferSourceOptions.Packets"/>.</param>
    /// <exception cref="InvalidOperationException">
    /// The stream has <see cref="IReceiveStream.Start">started</see>.
    /// </exception>
    public static void AddBufferReader(this IReceiveStream stream, ReadOnlyMemory<byte> packets)
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream.Add(new BufferSourceOptions { Packets = packets });
    }

    /// <summary>Feeds the stream from datagrams in memory.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="datagrams">See <see cref="DatagramSourceOptions.Datagrams"/>.</param>
    /// <exception cref="InvalidOperationException">
    /// The stream has <see cref="IReceiveStream.Start">started</see>.
    /// </exception>
    public static void AddDatagramReader(
        this IReceiveStream stream, IReadOnlyList<ReadOnlyMemory<byte>> datagrams)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(datagrams);
        stream.Add(new DatagramSourceOptions { Datagrams = datagrams });
    }

    /// <summary>Feeds the stream from a TCP connection (spead2: <c>add_tcp_reader</c>).</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="options">Where and how to receive.</param>
    /// <returns>The port that is listened at; 0 if the stream has already stopped.</returns>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="InvalidOperationException">
    /// The stream has <see cref="IReceiveStream.Start">started</see>.
    /// </exception>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static int AddTcpReader(this IReceiveStream stream, TcpSourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Add(options).Port;
    }

    /// <summary>Feeds the stream from one connection to a TCP port.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="port">See <see cref="TcpSourceOptions.Port"/>.</param>
    /// <param name="bindHost">See <see cref="TcpSourceOptions.Host"/>.</param>
    /// <param name="maxSize">See <see cref="TcpSourceOptions.MaxSize"/>.</param>
    /// <param name="bufferSize">See <see cref="TcpSourceOptions.BufferSize"/>.</param>
    /// <inheritdoc cref="AddTcpReader(IReceiveStream, TcpSourceOptions)" path="/*[not(self::summary or self::param)]"/>
    public static int AddTcpReader(
        this IReceiveStream stream,
        int port,
        string? bindHost = "",
        int maxSize = TcpSourceOptions.DefaultMaxSize,
        long? bufferSize = null) => stream.AddTcpReader(new TcpSourceOptions
        {
            Port = port,
            Host = bindHost,
            MaxSize = maxSize,
            BufferSize = bufferSize,
        });

    /// <summary>
    /// Feeds the stream from the UDP datagrams in a capture (spead2: <c>add_udp_pcap_file_reader</c>).
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="path">See <see cref="PcapSourceOptions.Path"/>.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="InvalidOperationException">
    /// The stream has <see cref="IReceiveStream.Start">started</see>.
    /// </exception>
    /// <exception cref="Spead2Exception">For example the file does not exist or is no capture.</exception>
    public static void AddUdpPcapFileReader(this IReceiveStream stream, string path)
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream.Add(new PcapSourceOptions { Path = path });
    }

    /// <summary>Feeds the stream from a UDP socket (spead2: <c>add_udp_reader</c>).</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="options">Where and how to receive.</param>
    /// <returns>The port that the socket is bound to; 0 if the stream has already stopped.</returns>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="InvalidOperationException">
    /// The stream has <see cref="IReceiveStream.Start">started</see>.
    /// </exception>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static int AddUdpReader(this IReceiveStream stream, UdpSourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Add(options).Port;
    }

    /// <summary>
    /// Feeds several streams from one port or multicast group, so that several threads share the work: each stream has a
    /// socket and a source of its own, and each heap comes to one of the streams, by its cnt.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Which stream a heap comes to is the library's choice, and the same for all packets of the heap. Give each stream
    /// threads of its own, and read all of them; or make them members of one <see cref="Chunks.ChunkGroupBase"/>. As long as
    /// one of them is full, the others may have to wait for it.
    /// </para>
    /// <para>
    /// Linux chooses the socket. A packet that another source gets all the same, as one of several that were sent as one
    /// message, is handed over to the source of its stream: no heap is split, and nothing is lost by that. On other systems,
    /// for an existing socket, and where Linux cannot filter a group, the first source gets all packets, and hands over those
    /// of the others. A stop item ends all of the streams, after what has arrived until then.
    /// </para>
    /// <para>
    /// The kernel's drops of a group count for the first source, without those that filters rejected; they are known when no
    /// message is under way. A packet for a stream that has ended alone counts in
    /// <see cref="PacketSourceStatistics.DroppedAtClose"/> of the source that got it.
    /// </para>
    /// </remarks>
    /// <param name="streams">
    /// The streams, at most <see cref="UdpSourceOptions.MostStreams"/>, all of one engine and each once. Packets of their heaps
    /// may come in any order (<see cref="ReceiveStreamOptions.AllowOutOfOrder"/>).
    /// </param>
    /// <param name="options">Where and how to receive.</param>
    /// <returns>A handle of the source of each stream (see <see cref="IReceiveStream.Add"/>).</returns>
    /// <exception cref="ArgumentException">An option breaks its rule, or the streams cannot share a port.</exception>
    /// <exception cref="InvalidOperationException">A stream has <see cref="IReceiveStream.Start">started</see>.</exception>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static IReadOnlyList<PacketSource> AddShared(
        this IReadOnlyList<IReceiveStream> streams, UdpSourceOptions options) =>
        ReceiveStreamBase.AddShared(streams, options);

    /// <summary>Feeds the stream from a UDP socket that is bound to an address and port, by default options.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="endPoint">Address and port; port 0 lets the operating system choose one.</param>
    /// <inheritdoc cref="AddUdpReader(IReceiveStream, UdpSourceOptions)" path="/*[not(self::summary or self::param)]"/>
    public static int AddUdpReader(this IReceiveStream stream, IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return stream.AddUdpReader(
            new UdpSourceOptions { BindHost = endPoint.Address.ToString(), Port = endPoint.Port });
    }

    /// <summary>Feeds the stream from a UDP port.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="port">See <see cref="UdpSourceOptions.Port"/>.</param>
    /// <param name="bindHost">See <see cref="UdpSourceOptions.BindHost"/>.</param>
    /// <param name="maxSize">See <see cref="UdpSourceOptions.MaxSize"/>.</param>
    /// <param name="bufferSize">See <see cref="UdpSourceOptions.BufferSize"/>.</param>
    /// <param name="socket">See <see cref="UdpSourceOptions.Socket"/>, also for who owns it.</param>
    /// <inheritdoc cref="AddUdpReader(IReceiveStream, UdpSourceOptions)" path="/*[not(self::summary or self::param)]"/>
    public static int AddUdpReader(
        this IReceiveStream stream,
        int port,
        string? bindHost = "",
        int maxSize = UdpSourceOptions.DefaultMaxSize,
        long? bufferSize = null,
        Socket? socket = null) => stream.AddUdpReader(new UdpSourceOptions
        {
            Port = port,
            BindHost = bindHost,
            MaxSize = maxSize,
            BufferSize = bufferSize,
            Socket = socket,
        });

    /// <summary>Feeds the stream from an IPv4 multicast group on one interface.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="group">See <see cref="UdpSourceOptions.Group"/>.</param>
    /// <param name="port">See <see cref="UdpSourceOptions.Port"/>.</param>
    /// <param name="interfaceAddress">See <see cref="UdpSourceOptions.InterfaceAddress"/>.</param>
    /// <param name="maxSize">See <see cref="UdpSourceOptions.MaxSize"/>.</param>
    /// <param name="bufferSize">See <see cref="UdpSourceOptions.BufferSize"/>.</param>
    /// <inheritdoc cref="AddUdpReader(IReceiveStream, UdpSourceOptions)" path="/*[not(self::summary or self::param)]"/>
    public static int AddUdpReader(
        this IReceiveStream stream,
        string group,
        int port,
        string? interfaceAddress,
        int maxSize = UdpSourceOptions.DefaultMaxSize,
        long? bufferSize = null)
    {
        ArgumentNullException.ThrowIfNull(group);
        return stream.AddUdpReader(new UdpSourceOptions
        {
            Group = group,
            Port = port,
            InterfaceAddress = interfaceAddress,
            MaxSize = maxSize,
            BufferSize = bufferSize,
        });
    }

    /// <inheritdoc cref="AddUdpReader(IReceiveStream, string, int, string, int, long?)"/>
    public static int AddUdpReader(
        this IReceiveStream stream,
        IPAddress group,
        int port,
        IPAddress interfaceAddress,
        int maxSize = UdpSourceOptions.DefaultMaxSize,
        long? bufferSize = null)
    {
        ThrowIfNotOf(group, AddressFamily.InterNetwork, nameof(group));
        ThrowIfNotOf(interfaceAddress, AddressFamily.InterNetwork, nameof(interfaceAddress));
        return stream.AddUdpReader(group.ToString(), port, interfaceAddress.ToString(), maxSize, bufferSize);
    }

    /// <summary>Feeds the stream from an IPv6 multicast group on one interface.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="group">See <see cref="UdpSourceOptions.Group"/>.</param>
    /// <param name="port">See <see cref="UdpSourceOptions.Port"/>.</param>
    /// <param name="interfaceIndex">See <see cref="UdpSourceOptions.InterfaceIndex"/>.</param>
    /// <param name="maxSize">See <see cref="UdpSourceOptions.MaxSize"/>.</param>
    /// <param name="bufferSize">See <see cref="UdpSourceOptions.BufferSize"/>.</param>
    /// <inheritdoc cref="AddUdpReader(IReceiveStream, UdpSourceOptions)" path="/*[not(self::summary or self::param)]"/>
    public static int AddUdpReader(
        this IReceiveStream stream,
        string group,
        int port,
        int interfaceIndex,
        int maxSize = UdpSourceOptions.DefaultMaxSize,
        long? bufferSize = null)
    {
        ArgumentNullException.ThrowIfNull(group);
        return stream.AddUdpReader(new UdpSourceOptions
        {
            Group = group,
            Port = port,
            InterfaceIndex = interfaceIndex,
            MaxSize = maxSize,
            BufferSize = bufferSize,
        });
    }

    /// <inheritdoc cref="AddUdpReader(IReceiveStream, string, int, int, int, long?)"/>
    public static int AddUdpReader(
        this IReceiveStream stream,
        IPAddress group,
        int port,
        int interfaceIndex,
        int maxSize = UdpSourceOptions.DefaultMaxSize,
        long? bufferSize = null)
    {
        ThrowIfNotOf(group, AddressFamily.InterNetworkV6, nameof(group));
        return stream.AddUdpReader(group.ToString(), port, interfaceIndex, maxSize, bufferSize);
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
