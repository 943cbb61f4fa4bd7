// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;

namespace Spead2.Receive;

/// <summary>
/// The UDP datagrams in a capture file of pcap or pcapng (spead2: <c>add_udp_pcap_file_reader</c>), in the order of the file.
/// The end of the file stops the stream. A full ring loses nothing: the source waits.
/// </summary>
/// <remarks>
/// <para>Link types are Ethernet with 802.1Q tags, Linux cooked 1 and 2, raw IP, null and loop; IP is version 4 or 6, with
/// options and extension headers. Fragments are put together. A record of a segmented send (<c>UDP_SEGMENT</c>), which is
/// many datagrams in one, is cut again if packets of one size, but for a shorter last one, fill it exactly. Frames that hold
/// nothing for the stream are counted by reason in <see cref="PacketSourceStatistics"/>.</para>
/// <para>A file that ends within a record ends the source there, with a warning, and so do an error of the operating system,
/// a file that has become shorter, and bytes that are no record, which count in
/// <see cref="PacketSourceStatistics.Errors"/>.</para>
/// </remarks>
public sealed class PcapSourceOptions : PacketSourceOptions
{
    private const int LargestPort = 65535;

    /// <summary>The capture; a regular file.</summary>
    [Required]
    public string? Path { get; set; }

    /// <summary>
    /// Only datagrams to this IPv4 or IPv6 address or multicast group are used; by default, and if it is empty, those to any.
    /// </summary>
    public string? Address { get; set; }

    /// <summary>Only datagrams to this UDP port are used; 0 (the default): those to any.</summary>
    [Range(0, LargestPort)]
    public int Port { get; set; }

    /// <summary>
    /// Whether frames that the capturing host sent are used, too. Captures of all interfaces (<c>tcpdump -i any</c>) may have
    /// a packet twice, sent and received.
    /// </summary>
    public bool Outgoing { get; set; }

    /// <summary><see cref="Address"/> unless it is left out.</summary>
    internal string? GivenAddress => string.IsNullOrEmpty(Address) ? null : Address;

    /// <summary>An address without anything around it, in network byte order; null if the text is none.</summary>
    internal static byte[]? ParseAddress(string text) =>
        !IPAddress.TryParse(text, out IPAddress? address) || text.AsSpan().ContainsAny('%', '[') ? null
        : address.IsIPv4MappedToIPv6 ? address.MapToIPv4().GetAddressBytes()
        : address.AddressFamily != AddressFamily.InterNetwork || address.ToString() == text ? address.GetAddressBytes()
        : null;

    internal override PacketSource AddTo(ReceiveStreamBase stream) => stream.AddPcap(this);

    internal override IEnumerable<OptionFault> Faults()
    {
        if (string.IsNullOrEmpty(Path))
        {
            yield return OptionFault.Of(nameof(Path), $"{nameof(Path)} must be set, to say what to read.");
        }
        else if (Path.Contains('\0', StringComparison.Ordinal))
        {
            yield return OptionFault.Of(nameof(Path), $"{nameof(Path)} must be a text without NUL.");
        }

        if (GivenAddress is not null && ParseAddress(GivenAddress) is null)
        {
            yield return OptionFault.Of(nameof(Address), $"{nameof(Address)} must be an IPv4 or IPv6 address.");
        }

        foreach (OptionFault fault in OptionFault.Outside(Port, 0, LargestPort, nameof(Port)))
        {
            yield return fault;
        }
    }
}
