// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;

namespace Spead2.Receive;

/// <summary>
/// Packets from a UDP socket (spead2: <c>add_udp_reader</c>). While the ring is full they wait in the kernel's
/// socket buffer; what does not fit there is lost and counts as kernel drops.
/// </summary>
/// <remarks>
/// There are two forms, and each works with a user-supplied <see cref="Socket"/>:
/// <list type="bullet">
/// <item><see cref="Port"/> and <see cref="BindHost"/>: any address, or a multicast group on the interface that the
/// system chooses.</item>
/// <item><see cref="Port"/> and <see cref="Group"/>: a multicast group on one interface, which at most one of
/// <see cref="InterfaceName"/>, <see cref="InterfaceIndex"/> and <see cref="InterfaceAddress"/> (IPv4 only)
/// names. What arrives on other interfaces is not received.</item>
/// </list>
/// Texts that are empty count as left out, but for <see cref="Group"/>.
/// </remarks>
public sealed class UdpSourceOptions : PacketSourceOptions
{
    /// <summary>Default of <see cref="MaxSize"/>.</summary>
    public const int DefaultMaxSize = 9200;

    /// <summary>Largest <see cref="MaxSize"/>: the most that a UDP datagram can carry.</summary>
    public const int LargestDatagram = 65535;

    /// <summary>Most streams that can share a port (<see cref="ReceiveStreamExtensions.AddShared"/>).</summary>
    public const int MostStreams = 64;

    private const int LargestPort = 65535;

    /// <summary>UDP port; 0 (the default) lets the operating system choose one.</summary>
    [Range(0, LargestPort)]
    public int Port { get; set; }

    /// <summary>
    /// Host name or address to bind to; the first address that it resolves to is used, and joined if it is a multicast
    /// group. By default, and if it is empty, every IPv4 address of this host.
    /// </summary>
    public string? BindHost { get; set; }

    /// <summary>
    /// Host name or address of the multicast group to join; <see cref="BindHost"/> must then be left out. An IPv4
    /// address that is not a group is allowed if it is the interface's own.
    /// </summary>
    /// <remarks>
    /// When the interface is deleted and made again, which ends the group's membership, the source joins the group again
    /// on the interface of that name as soon as that is up (Linux). Each time is a log message, and counts in
    /// <see cref="PacketSourceStatistics.Rejoins"/>.
    /// </remarks>
    public string? Group { get; set; }

    /// <summary>
    /// Host name or address of the interface to join an IPv4 <see cref="Group"/> on. By default, and if it is empty, the
    /// system chooses.
    /// </summary>
    public string? InterfaceAddress { get; set; }

    /// <summary>
    /// Index of the interface to join the <see cref="Group"/> on. By default (0) the one in the group's name, as in
    /// <c>ff12::1%eth0</c>, else the system chooses, which it cannot for IPv6 groups of one link.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int InterfaceIndex { get; set; }

    /// <summary>
    /// Name of the interface to join the <see cref="Group"/> on, as in <c>eth0</c>. By default, and if it is empty, the
    /// system chooses. On Linux only.
    /// </summary>
    public string? InterfaceName { get; set; }

    /// <summary>
    /// Host names or addresses of the senders whose packets to the <see cref="Group"/> are received (source-specific
    /// multicast); they are of the group's family. By default all senders.
    /// </summary>
    /// <remarks>
    /// The kernel drops what others send, and limits their number: on Linux to 10 for IPv4
    /// (<c>net.ipv4.igmp_max_msf</c>) and 64 for IPv6 (<c>net.ipv6.mld_max_msf</c>). The managed port supports senders on
    /// Linux only.
    /// </remarks>
    [Required]
    public IReadOnlyList<string> Senders { get; set; } = [];

    /// <summary>
    /// A UDP socket to use instead of a new one. One that is not bound is bound by the other options, and its buffer
    /// set. One that is bound is used as it is: then every other option but <see cref="MaxSize"/> must be left out, or
    /// <see cref="Port"/> be the port that it is bound to.
    /// </summary>
    /// <remarks>
    /// Ownership: the socket is duplicated. The caller still owns and disposes it, at any time, and must not receive
    /// from it any more: both are one socket for the system, which hands each packet out once.
    /// </remarks>
    public ExistingSocket Socket { get; set; }

    /// <summary>Largest packet in bytes; larger ones are not used and count as truncated.</summary>
    [Range(1, LargestDatagram)]
    public int MaxSize { get; set; } = DefaultMaxSize;

    /// <summary>
    /// Bytes of kernel socket buffer to ask for. By default (<c>null</c>) 64 MiB; 0 leaves the buffer as the operating
    /// system makes it. If the system grants less there is a warning that says how to allow more.
    /// </summary>
    [Range(0, (double)long.MaxValue)]
    public long? BufferSize { get; set; }

    /// <summary><see cref="BindHost"/> unless it is left out.</summary>
    internal string? GivenBindHost => string.IsNullOrEmpty(BindHost) ? null : BindHost;

    /// <summary><see cref="InterfaceAddress"/> unless it is left out.</summary>
    internal string? GivenInterfaceAddress => string.IsNullOrEmpty(InterfaceAddress) ? null : InterfaceAddress;

    /// <summary><see cref="InterfaceName"/> unless it is left out.</summary>
    internal string? GivenInterfaceName => string.IsNullOrEmpty(InterfaceName) ? null : InterfaceName;

    internal override PacketSource AddTo(ReceiveStreamBase stream) => stream.AddUdp(this);

    internal override IEnumerable<OptionFault> Faults() =>
    [
        .. OptionFault.Outside(Port, 0, LargestPort, nameof(Port)),
        .. OptionFault.Outside(InterfaceIndex, 0, int.MaxValue, nameof(InterfaceIndex)),
        .. OptionFault.Outside(MaxSize, 1, LargestDatagram, nameof(MaxSize)),
        .. OptionFault.Outside(BufferSize ?? 0, 0, long.MaxValue, nameof(BufferSize)),
        .. TextFaults(),
        .. GroupFaults(),
        .. SocketFaults(),
    ];

    private IEnumerable<OptionFault> TextFaults()
    {
        (string Name, string? Text)[] texts =
        [
            (nameof(BindHost), BindHost),
            (nameof(Group), Group),
            (nameof(InterfaceAddress), InterfaceAddress),
            (nameof(InterfaceName), InterfaceName),
            .. (Senders ?? []).Select(sender => (nameof(Senders), sender)),
        ];
        foreach ((string name, string? text) in texts)
        {
            if (text?.Contains('\0', StringComparison.Ordinal) == true)
            {
                yield return OptionFault.Of(name, $"{name} must be a text without NUL.");
            }
        }

        if (Group is { Length: 0 })
        {
            yield return OptionFault.Of(
                nameof(Group),
                $"{nameof(Group)} must be a multicast group; leave it out to receive what is not sent to a group.");
        }

        if (Senders is null)
        {
            yield return OptionFault.Null(nameof(Senders));
        }
        else if (Senders.Any(string.IsNullOrEmpty))
        {
            yield return OptionFault.Of(
                nameof(Senders), $"Each of {nameof(Senders)} must be a host name or an address; one is empty.");
        }
    }

    private IEnumerable<OptionFault> GroupFaults()
    {
        string[] interfaces =
        [
            .. GivenInterfaceAddress is null ? (string[])[] : [nameof(InterfaceAddress)],
            .. InterfaceIndex == 0 ? (string[])[] : [nameof(InterfaceIndex)],
            .. GivenInterfaceName is null ? (string[])[] : [nameof(InterfaceName)],
        ];
        string[] needGroup = [.. interfaces, .. Senders is { Count: not 0 } ? (string[])[nameof(Senders)] : []];
        if (Group is null && needGroup.Length != 0)
        {
            yield return OptionFault.Of(
                needGroup[0], $"{needGroup[0]} says how to join a group, so it needs a {nameof(Group)}.");
        }

        if (Group is not null && GivenBindHost is not null)
        {
            yield return OptionFault.Of(
                nameof(BindHost),
                $"The source can have {nameof(BindHost)} (\"{BindHost}\") or {nameof(Group)} (\"{Group}\"), not both.");
        }

        if (interfaces.Length > 1)
        {
            yield return OptionFault.Of(
                interfaces[1], $"The source can have {interfaces[0]} or {interfaces[1]}, not both.");
        }
    }

    private IEnumerable<OptionFault> SocketFaults()
    {
        if (Socket.ToSocket() is not { } socket)
        {
            yield break;
        }

        if (socket.SocketType != SocketType.Dgram)
        {
            yield return OptionFault.Of(
                nameof(Socket), $"The socket must be a datagram socket; this one is of type {socket.SocketType}.");
        }

        // Asks the socket, so that one that is closed is said to be so.
        else if (socket.LocalEndPoint is IPEndPoint bound &&
            (GivenBindHost is not null || Group is not null || BufferSize is not null || (Port != 0 && Port != bound.Port)))
        {
            yield return OptionFault.Of(
                nameof(Socket),
                $"The socket is bound to {bound} and is used as it is: only {nameof(MaxSize)} can be given with it.");
        }
    }
}
