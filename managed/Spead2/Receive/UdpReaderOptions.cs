// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Receive;

/// <summary>
/// Options of a UDP reader (receiving.txt: <c>add_udp_reader</c>). There are three forms, and each can be had with a
/// <see cref="Socket"/> of the caller's.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item><see cref="Port"/> and <see cref="BindHost"/>: any address, or a multicast group on the interface that the
/// system chooses.</item>
/// <item><see cref="Port"/>, <see cref="Group"/> and <see cref="InterfaceAddress"/>: an IPv4 multicast group on one
/// interface.</item>
/// <item><see cref="Port"/>, <see cref="Group"/> and <see cref="InterfaceIndex"/>: an IPv6 multicast group on one
/// interface.</item>
/// </list>
/// </remarks>
public sealed class UdpReaderOptions
{
    /// <summary>Default of <see cref="MaxSize"/>.</summary>
    public const int DefaultMaxSize = 9200;

    /// <summary>Largest <see cref="MaxSize"/>: the most that a UDP datagram can carry.</summary>
    public const int LargestDatagram = 65535;

    private const int LargestPort = 65535;

    /// <summary>UDP port; 0 (the default) lets the operating system choose one.</summary>
    public int Port { get; init; }

    /// <summary>
    /// Host name or address to bind to; the first address that it resolves to is used, and joined if it is a multicast
    /// group. By default every IPv4 address of this host.
    /// </summary>
    public string? BindHost { get; init; }

    /// <summary>
    /// Host name or address of the multicast group to join; <see cref="BindHost"/> must then be left out. An IPv4
    /// address that is not a group is allowed if it is the interface's own.
    /// </summary>
    public string? Group { get; init; }

    /// <summary>
    /// Host name or address of the interface to join an IPv4 <see cref="Group"/> on. By default the system chooses.
    /// </summary>
    public string? InterfaceAddress { get; init; }

    /// <summary>
    /// Index of the interface to join an IPv6 <see cref="Group"/> on. By default (0) the system chooses.
    /// </summary>
    public int InterfaceIndex { get; init; }

    /// <summary>
    /// A UDP socket to use instead of a new one. One that is not bound is bound by the other options, and its buffer
    /// set. One that is bound is used as it is: then every other option but <see cref="MaxSize"/> must be left out, or
    /// <see cref="Port"/> be the port that it is bound to.
    /// </summary>
    /// <remarks>
    /// Ownership: the socket is duplicated. The caller still owns and disposes it, at any time, and must not receive
    /// from it any more: both are one socket for the system, which hands each packet out once.
    /// </remarks>
    public Socket? Socket { get; init; }

    /// <summary>Largest packet in bytes; larger ones are not used and count as truncated.</summary>
    public int MaxSize { get; init; } = DefaultMaxSize;

    /// <summary>
    /// Bytes of kernel socket buffer to ask for. By default (<c>null</c>) 64 MiB; 0 leaves the buffer as the operating
    /// system makes it. If the system grants less there is a warning that says how to allow more.
    /// </summary>
    public long? BufferSize { get; init; }

    internal void Validate()
    {
        if (Port is < 0 or > LargestPort)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Port), Port, $"{nameof(Port)} must be from 0 to {LargestPort}.");
        }

        ThrowIfNoHost(BindHost, nameof(BindHost), "receive on every address");
        ThrowIfNoHost(Group, nameof(Group), "receive what is not sent to a group");
        ThrowIfNoHost(InterfaceAddress, nameof(InterfaceAddress), "let the system choose the interface");
        ValidateGroup();
        ValidateSocket();
        if (MaxSize is < 1 or > LargestDatagram)
        {
            throw new ArgumentOutOfRangeException(
                nameof(MaxSize), MaxSize, $"{nameof(MaxSize)} must be from 1 to {LargestDatagram}.");
        }

        if (BufferSize < 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(BufferSize), BufferSize, $"{nameof(BufferSize)} must be 0 or more bytes, or left out.");
        }
    }
    private static void ThrowIfNoHost(string? host, string name, string effectOfNone)
    {
        if (host is not null && (host.Length == 0 || host.Contains('\0', StringComparison.Ordinal)))
        {
            throw new ArgumentException(
                $"{name} must be a host name or an address; leave it out to {effectOfNone}.", name);
        }
    }

    private void ValidateGroup()
    {
        if (InterfaceIndex < 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(InterfaceIndex),
                InterfaceIndex,
                $"{nameof(InterfaceIndex)} must be the index of an interface, or 0 to let the system choose.");
        }

        if (Group is null && (InterfaceAddress is not null || InterfaceIndex != 0))
        {
            string name = InterfaceAddress is null ? nameof(InterfaceIndex) : nameof(InterfaceAddress);
            throw new ArgumentException($"{name} says where to join a group, so it needs a {nameof(Group)}.", name);
        }

        if (Group is not null && BindHost is not null)
        {
            throw new ArgumentException(
                $"The reader can have {nameof(BindHost)} (\"{BindHost}\") or {nameof(Group)} (\"{Group}\"), not both.",
                nameof(BindHost));
        }

        if (InterfaceAddress is not null && InterfaceIndex != 0)
        {
            throw new ArgumentException(
                $"The reader can have {nameof(InterfaceAddress)} (IPv4) or {nameof(InterfaceIndex)} (IPv6), not both.",
                nameof(InterfaceIndex));
        }
    }

    private void ValidateSocket()
    {
        if (Socket is null)
        {
            return;
        }

        if (Socket.SocketType != SocketType.Dgram)
        {
            throw new ArgumentException(
                $"The socket must be a datagram socket; this one is of type {Socket.SocketType}.", nameof(Socket));
        }

        // Asks the socket first, so that one that is closed is said to be so.
        if (Socket.LocalEndPoint is not IPEndPoint bound)
        {
            return;
        }

        if (BindHost is not null || Group is not null || BufferSize is not null || (Port != 0 && Port != bound.Port))
        {
            throw new ArgumentException(
                $"The socket is bound to {bound} and is used as it is: only {nameof(MaxSize)} can be given with it.",
                nameof(Socket));
        }
    }
}
