// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Send;

/// <summary>
/// Packets as UDP datagrams, to one or several hosts or multicast groups. That nobody receives them is no failure.
/// </summary>
/// <remarks>
/// A packet larger than the path carries is sent in fragments, with one warning. Texts that are empty count as left out.
/// </remarks>
public sealed class UdpWriterOptions : PacketWriterOptions
{
    /// <summary>Largest packet that a datagram carries; larger ones are refused when the writer is added.</summary>
    public const int LargestPacket = 65507;

    /// <summary>Most <see cref="Destinations"/>.</summary>
    public const int MaxDestinations = 65536;

    /// <summary>Largest <see cref="TimeToLive"/>.</summary>
    public const int LargestTimeToLive = 255;

    /// <summary>Largest <see cref="Dscp"/>.</summary>
    public const int LargestDscp = 63;

    private const int LargestPort = 65535;

    /// <summary>Makes options without a destination.</summary>
    public UdpWriterOptions()
    {
    }

    /// <summary>Makes options with one destination.</summary>
    /// <param name="host">Host name or address.</param>
    /// <param name="port">UDP port.</param>
    public UdpWriterOptions(string host, int port) => Destinations = [new(host, port)];

    /// <summary>Where the packets go: each is one substream, and all are of one address family. At least one.</summary>
    [Required]
    public IReadOnlyList<UdpDestination> Destinations { get; set; } = [];

    /// <summary>Host name or address to send from. By default, and if it is empty, the system chooses.</summary>
    public string? BindHost { get; set; }

    /// <summary>
    /// Hops of multicast packets; 0 (the default): the system's. This, the interface and the loop are for groups only.
    /// </summary>
    [Range(0, LargestTimeToLive)]
    public int TimeToLive { get; set; }

    /// <summary>
    /// IPv4 groups: address of the interface to send on. By default, and if it is empty, see
    /// <see cref="InterfaceIndex"/>.
    /// </summary>
    public string? InterfaceAddress { get; set; }

    /// <summary>Groups: index of the interface to send on. By default (0) the system chooses.</summary>
    [Range(0, int.MaxValue)]
    public int InterfaceIndex { get; set; }

    /// <summary>Whether programs on this host get what is sent to a multicast group (the default).</summary>
    public bool MulticastLoopback { get; set; } = true;

    /// <summary>Differentiated services code point. Not supported on Windows.</summary>
    [Range(0, LargestDscp)]
    public int Dscp { get; set; }

    /// <summary>
    /// Whether the system may be handed several packets as one message where it can cut them, as Linux does (the
    /// default). Otherwise each packet is a message of its own.
    /// </summary>
    public bool Segmentation { get; set; } = true;

    /// <summary>
    /// A UDP socket to use instead of a new one, which is used as it is: only <see cref="Destinations"/> and
    /// <see cref="Segmentation"/> can be given with it.
    /// </summary>
    /// <remarks>
    /// Ownership: the socket is duplicated. The caller still owns and disposes it, at any time. It must not be connected.
    /// </remarks>
    public ExistingSocket Socket { get; set; }

    /// <summary>
    /// Bytes of kernel socket buffer to ask for. By default (<c>null</c>) 512 KiB; 0 leaves the buffer as the operating
    /// system makes it.
    /// </summary>
    [Range(0, (double)long.MaxValue)]
    public long? BufferSize { get; set; }

    internal override int SubstreamCount => Destinations.Count;

    /// <summary><see cref="BindHost"/> unless it is left out.</summary>
    internal string? GivenBindHost => string.IsNullOrEmpty(BindHost) ? null : BindHost;

    /// <summary><see cref="InterfaceAddress"/> unless it is left out.</summary>
    internal string? GivenInterfaceAddress => string.IsNullOrEmpty(InterfaceAddress) ? null : InterfaceAddress;

    /// <summary>The option that only multicast packets have a use for, or null.</summary>
    internal string? GroupOption =>
        TimeToLive != 0 ? nameof(TimeToLive)
        : InterfaceIndex != 0 ? nameof(InterfaceIndex)
        : GivenInterfaceAddress is not null ? nameof(InterfaceAddress)
        : !MulticastLoopback ? nameof(MulticastLoopback)
        : null;

    internal override void AddTo(SendStreamBase stream) => stream.AddUdp(this);

    internal override IEnumerable<OptionFault> Faults() =>
    [
        .. DestinationFaults(),
        .. OptionFault.Outside(TimeToLive, 0, LargestTimeToLive, nameof(TimeToLive)),
        .. OptionFault.Outside(InterfaceIndex, 0, int.MaxValue, nameof(InterfaceIndex)),
        .. OptionFault.Outside(Dscp, 0, LargestDscp, nameof(Dscp)),
        .. OptionFault.Outside(BufferSize ?? 0, 0, long.MaxValue, nameof(BufferSize)),
        .. TextFaults(),
        .. SocketFaults(),
    ];

    private IEnumerable<OptionFault> DestinationFaults()
    {
        if (Destinations is null)
        {
            yield return OptionFault.Null(nameof(Destinations));
            yield break;
        }

        if (Destinations.Count is 0 or > MaxDestinations)
        {
            yield return OptionFault.OutOfRange(
                nameof(Destinations),
                Destinations.Count,
                $"A writer has from 1 to {MaxDestinations} {nameof(Destinations)}.");
        }

        for (int i = 0; i < Destinations.Count; i++)
        {
            if (string.IsNullOrEmpty(Destinations[i]?.Host) || Destinations[i].Port is < 1 or > LargestPort)
            {
                yield return OptionFault.Of(
                    nameof(Destinations),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{nameof(Destinations)}[{i}] needs a host and a port from 1 to {LargestPort}."));
            }
        }
    }

    private IEnumerable<OptionFault> TextFaults()
    {
        (string Name, string? Text)[] texts =
        [
            (nameof(BindHost), BindHost),
            (nameof(InterfaceAddress), InterfaceAddress),
            .. (Destinations ?? []).Select(destination => (nameof(Destinations), destination?.Host)),
        ];
        foreach ((string name, string? text) in texts)
        {
            if (text?.Contains('\0', StringComparison.Ordinal) == true)
            {
                yield return OptionFault.Of(name, $"{name} must be a text without NUL.");
            }
        }

        if (GivenInterfaceAddress is not null && InterfaceIndex != 0)
        {
            yield return OptionFault.Of(
                nameof(InterfaceIndex),
                $"The writer can have {nameof(InterfaceAddress)} or {nameof(InterfaceIndex)}, not both.");
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

        string? other = GroupOption
            ?? (GivenBindHost is not null ? nameof(BindHost) : null)
            ?? (Dscp != 0 ? nameof(Dscp) : null)
            ?? (BufferSize is not null ? nameof(BufferSize) : null);
        if (other is not null)
        {
            yield return OptionFault.Of(
                nameof(Socket), $"The socket is used as it is: {other} cannot be given with it.");
        }
    }
}
