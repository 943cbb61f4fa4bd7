// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Tools.Network;
using Spead2.Tools.Output;

namespace Spead2.Tools.Diagnosis;

/// <summary>What a <see cref="PacketWatch"/> has seen, compared with what is listened on.</summary>
/// <param name="targets">What is listened on.</param>
/// <param name="devices">The machine's interfaces.</param>
/// <param name="files">What the kernel says.</param>
internal sealed class Sightings(IReadOnlyList<Target> targets, IReadOnlyList<NetworkDevice> devices, SystemFiles files)
{
    // Enough to tell what comes; each one costs a system call.
    private const int MostDatagrams = 256;

    private readonly List<DatagramSeen> _seen = [];

    /// <summary>The first datagram that is for a target; null if there was none.</summary>
    public DatagramSeen? First => _seen.FirstOrDefault(seen => TargetOf(seen) is not null);

    /// <summary>Watches for some time; ends sooner when enough was seen.</summary>
    /// <param name="watch">Where datagrams are seen.</param>
    /// <param name="time">How long.</param>
    /// <param name="untilFirst">Whether one that is for a target is enough.</param>
    public void Watch(PacketWatch watch, TimeSpan time, bool untilFirst)
    {
        ArgumentNullException.ThrowIfNull(watch);
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        for (TimeSpan left = time; left > TimeSpan.Zero && count < MostDatagrams; left = time - Stopwatch.GetElapsedTime(start))
        {
            if (watch.Next(left) is not { } seen)
            {
                continue;
            }

            count++;
            if (!_seen.Exists(known => known.To.Equals(seen.To) && known.From.Equals(seen.From) && known.Device == seen.Device))
            {
                _seen.Add(seen);
            }

            if (untilFirst && TargetOf(seen) is not null)
            {
                break;
            }
        }
    }

    /// <summary>Why datagrams do not reach their receivers: those for a target, or if there are none the others.</summary>
    /// <param name="dropped">What the kernel has counted meanwhile.</param>
    public IEnumerable<Finding> Explain(IReadOnlyList<Finding> dropped)
    {
        if (First is not { } first)
        {
            return
            [
                .. _seen.Select(Elsewhere).OfType<Finding>().DistinctBy(finding => finding.Cure).Take(targets.Count),
                .. dropped,
            ];
        }

        // What was counted has happened; which one it happened to has been seen.
        Finding reason = WhyNot(first);
        return reason.Code != "taken" ? [reason, .. dropped]
            : dropped.Count == 0 ? [reason]
            : [.. dropped.Select(finding => finding with { Text = $"{finding.Text} One came from {first.From} by {first.Device}." })];
    }

    private Target? TargetOf(DatagramSeen seen) => targets.FirstOrDefault(
        target => target.Port == seen.To.Port && target.Has(seen.To.Address) && IsBy(target, seen));

    private bool IsBy(Target target, DatagramSeen seen) =>
        !target.IsGroup || target.DeviceOf(devices) is not { } device || device.Name == seen.Device;

    /// <summary>A datagram has reached the interface, but not the receiver.</summary>
    private Finding WhyNot(DatagramSeen seen) =>
        devices.FirstOrDefault(device => device.Name == seen.Device) is { } device
        && ReversePath.Of(device, seen.From.Address, devices, files) is { } finding
            ? finding
            : new(
                "taken",
                Tone.Bad,
                $"Datagrams from {seen.From} reach {seen.Device}, but not the receiver: a firewall takes them, or they have a "
                + "wrong checksum.",
                $"nft list ruleset; iptables -nvL INPUT; tcpdump -vv -c 5 -ni {seen.Device} udp port {seen.To.Port}");

    /// <summary>A datagram that is not for a target, but perhaps was meant for it.</summary>
    private Finding? Elsewhere(DatagramSeen seen)
    {
        string to = $"{seen.To}";
        if (targets.FirstOrDefault(target => target.Has(seen.To.Address) && target.Port == seen.To.Port) is { } byOther)
        {
            return new(
                "other-interface",
                Tone.Bad,
                $"Datagrams for {to} from {seen.From} come by {seen.Device}, not by {byOther.DeviceOf(devices)?.Name}.",
                $"spead2 recv {to} --interface {seen.Device}");
        }

        if (targets.Any(target => target.Port == seen.To.Port) && Endpoint.IsMulticast(seen.To.Address))
        {
            return new(
                "other-group",
                Tone.Bad,
                $"Datagrams for port {seen.To.Port} come to another group, {seen.To.Address}, from {seen.From} by {seen.Device}.",
                $"spead2 recv {to} --interface {seen.Device}");
        }

        return targets.Any(target => target.Has(seen.To.Address))
            && UdpSocketTable.Read(files).All(socket => socket.Port != seen.To.Port)
            ? new(
                "other-port",
                Tone.Bad,
                $"Datagrams from {seen.From} come to another port, {seen.To.Port}, which nobody has.",
                $"spead2 recv {(Endpoint.IsMulticast(seen.To.Address) ? $"{to} --interface {seen.Device}" : seen.To.Port)}")
            : null;
    }
}
