// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using System.Net.Sockets;

namespace Spead2.Receive;

/// <summary>
/// Packets from a TCP connection, on which they follow each other without anything between them (spead2:
/// <c>add_tcp_reader</c>). While the ring is full nothing is read from the connection, so that the sender waits and nothing
/// is lost. On Linux only.
/// </summary>
/// <remarks>
/// <para>The source listens as soon as it is added, accepts one connection once the stream has been started, and then closes
/// the socket that it listened on, unless <see cref="Reaccept"/> is set. With <see cref="Connect"/> it begins to connect at
/// once; that nobody accepts the connection may show only later, and is then an error of the source. The end of the
/// connection, whether the peer closes it or it fails, ends the source, and so the stream, as the end of a buffer does.
/// What a packet is short of then counts in <see cref="PacketSourceStatistics.UnfinishedBytes"/>.</para>
/// <para>Bytes that are not a packet count as malformed once, and are logged. The source then looks for the next packet at
/// every byte, and counts in <see cref="PacketSourceStatistics.SkippedBytes"/> what it passes over.</para>
/// </remarks>
public sealed class TcpSourceOptions : PacketSourceOptions
{
    /// <summary>Default of <see cref="MaxSize"/>.</summary>
    public const int DefaultMaxSize = 65536;

    /// <summary>Largest <see cref="MaxSize"/>: a source keeps room for four such packets.</summary>
    public const int LargestPacket = 16777216;

    private const int LargestPort = 65535;

    /// <summary>TCP port; 0 (the default) lets the operating system choose one to listen at.</summary>
    [Range(0, LargestPort)]
    public int Port { get; set; }

    /// <summary>
    /// Host name or address to listen at, or to connect to; the first address that it resolves to is used. By default, and
    /// if it is empty, every IPv4 address of this host, which cannot be connected to.
    /// </summary>
    public string? Host { get; set; }

    /// <summary>
    /// Whether the source connects to <see cref="Host"/> and <see cref="Port"/> instead of listening there.
    /// </summary>
    public bool Connect { get; set; }

    /// <summary>
    /// Whether the source accepts the next connection when one has ended, instead of ending itself. Only for sources that
    /// listen.
    /// </summary>
    public bool Reaccept { get; set; }

    /// <summary>
    /// A TCP socket to use instead of a new one; it listens or is connected. It is used as it is, so that
    /// <see cref="Host"/>, <see cref="Port"/>, <see cref="BufferSize"/> and <see cref="Connect"/> must be left out. One that
    /// listens becomes non-blocking.
    /// </summary>
    /// <remarks>
    /// Ownership: the socket is duplicated. The caller still owns and disposes it, at any time, and must not receive or
    /// accept from it any more: both are one socket for the system.
    /// </remarks>
    public ExistingSocket Socket { get; set; }

    /// <summary>Largest packet in bytes; larger ones are not used and count as truncated.</summary>
    [Range(1, LargestPacket)]
    public int MaxSize { get; set; } = DefaultMaxSize;

    /// <summary>
    /// Bytes of kernel socket buffer to ask for. By default (<c>null</c>) the buffer is as the operating system makes it,
    /// which lets it grow with what the connection needs.
    /// </summary>
    [Range(1, (double)long.MaxValue)]
    public long? BufferSize { get; set; }

    /// <summary><see cref="Host"/> unless it is left out.</summary>
    internal string? GivenHost => string.IsNullOrEmpty(Host) ? null : Host;

    internal override PacketSource AddTo(ReceiveStreamBase stream) => stream.AddTcp(this);

    internal override IEnumerable<OptionFault> Faults() =>
    [
        .. OptionFault.Outside(Port, 0, LargestPort, nameof(Port)),
        .. OptionFault.Outside(MaxSize, 1, LargestPacket, nameof(MaxSize)),
        .. OptionFault.Outside(BufferSize ?? 1, 1, long.MaxValue, nameof(BufferSize)),
        .. Dialect is null
            ? (OptionFault[])[]
            : [OptionFault.Of(nameof(Dialect), $"{nameof(Dialect)} is for datagrams; leave it out for a connection.")],
        .. ConnectFaults(),
        .. SocketFaults(),
    ];

    private IEnumerable<OptionFault> ConnectFaults()
    {
        if (Host?.Contains('\0', StringComparison.Ordinal) == true)
        {
            yield return OptionFault.Of(nameof(Host), $"{nameof(Host)} must be a text without NUL.");
        }

        if (!Connect)
        {
            yield break;
        }

        if (Reaccept)
        {
            yield return OptionFault.Of(
                nameof(Reaccept), $"The source can have {nameof(Connect)} or {nameof(Reaccept)}, not both.");
        }

        if (GivenHost is null)
        {
            yield return OptionFault.Of(nameof(Host), $"{nameof(Connect)} needs a {nameof(Host)} to connect to.");
        }

        if (Port == 0)
        {
            yield return OptionFault.Of(nameof(Port), $"{nameof(Connect)} needs a {nameof(Port)} to connect to.");
        }
    }

    private IEnumerable<OptionFault> SocketFaults()
    {
        if (Socket.ToSocket() is not { } socket)
        {
            yield break;
        }

        if (socket.SocketType != SocketType.Stream)
        {
            yield return OptionFault.Of(
                nameof(Socket), $"The socket must be a stream socket; this one is of type {socket.SocketType}.");
        }

        if (GivenHost is not null || Port != 0 || BufferSize is not null || Connect)
        {
            yield return OptionFault.Of(
                nameof(Socket),
                $"The socket is used as it is: only {nameof(MaxSize)} and {nameof(Reaccept)} can be given with it.");
        }
    }
}
