// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Receive;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Diagnosis;

/// <summary>Why a receiver that listens at a TCP port gets no packet.</summary>
/// <param name="target">What it listens at; null if that is not known.</param>
/// <param name="port">Its port.</param>
/// <param name="maxSize">Largest packet in bytes.</param>
/// <param name="before">What the kernel counted when it began.</param>
internal sealed class TcpSilence(Target? target, int port, int maxSize, KernelCounters before)
{
    /// <summary>What keeps packets away, the surest first.</summary>
    /// <param name="source">What the source has counted.</param>
    public IReadOnlyList<Finding> Explain(PacketSourceStatistics source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Connections == 0 ? [.. OfNobody()]
            : source.Bytes == 0 ? [WithoutBytes(source)]
            : source.Truncated > 0 ? [TooLarge(source)]
            : [WithoutPacket(source)];
    }

    private IEnumerable<Finding> OfNobody()
    {
        IReadOnlyList<NetworkDevice> devices = NetworkDevice.All();
        foreach (Finding finding in target is null ? [] : new EndpointChecks(target, devices, new SystemFiles()).OfInterfaces())
        {
            yield return finding;
        }

        long datagrams = KernelCounters.Read().NobodyListens - before.NobodyListens;
        if (datagrams > 0)
        {
            yield return new(
                "tcp-datagrams",
                Tone.Bad,
                $"{before.Meanwhile}: {Readable.Number(datagrams)} UDP datagrams came for ports that nobody has. Does the "
                + "sender send by UDP?",
                string.Create(CultureInfo.InvariantCulture, $"spead2 recv {port}"));
        }

        yield return new(
            "tcp-no-connection",
            Tone.Bad,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Nobody has connected to TCP port {port}: ask the sender where it connects to; a firewall may be on the way."),
            string.Create(CultureInfo.InvariantCulture, $"nc -vz {AddressIn(devices)} {port} (on the sender)"));
    }

    private Finding WithoutBytes(PacketSourceStatistics source) => new(
        "tcp-no-bytes",
        Tone.Bad,
        $"{Connections(source)} made, but not a byte has come{From(source)}: the sender has nothing to send, or waits for something.",
        string.Create(CultureInfo.InvariantCulture, $"ss -tnpo dport = :{port} (on the sender)"));

    private Finding TooLarge(PacketSourceStatistics source) => new(
        "tcp-too-large",
        Tone.Bad,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Readable.Bytes(source.Bytes)} have come{From(source)}, but all packets were larger than --max-size, {maxSize} bytes."),
        string.Create(
            CultureInfo.InvariantCulture, $"spead2 recv --tcp {port} --max-size {TcpSourceOptions.LargestPacket}"));

    private Finding WithoutPacket(PacketSourceStatistics source) => new(
        "tcp-no-packet",
        Tone.Bad,
        $"{Readable.Bytes(source.Bytes)} have come{From(source)} by {Readable.Number(source.Connections)} "
        + $"connection{(source.Connections == 1 ? "" : "s")}, but no whole SPEAD packet is among them.",
        string.Create(CultureInfo.InvariantCulture, $"tcpdump -c 5 -Xni any tcp port {port}"));

    private static string Connections(PacketSourceStatistics source) =>
        source.Connections == 1 ? "A connection was" : $"{Readable.Number(source.Connections)} connections were";

    private static string From(PacketSourceStatistics source) => source.LastSender is { } sender ? $" from {sender}" : "";

    // One that a sender can reach, as far as that can be told.
    private IPAddress AddressIn(IReadOnlyList<NetworkDevice> devices) =>
        target is { IsAny: false } ? target.Addresses[0]
        : devices.Where(device => device is { IsUp: true, IsLoopback: false })
            .SelectMany(device => device.Addresses)
            .FirstOrDefault(address => address.AddressFamily == (target?.Addresses[0].AddressFamily ?? AddressFamily.InterNetwork))
            ?? IPAddress.Loopback;
}
