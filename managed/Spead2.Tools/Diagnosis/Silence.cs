// SPDX-License-Identifier: MIT

using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Diagnosis;

/// <summary>Why a receiver that listens gets nothing.</summary>
/// <param name="listensOn">What it listens on, once it does.</param>
internal sealed class Silence(Func<IReadOnlyList<Target>> listensOn)
{
    private readonly KernelCounters _before = KernelCounters.Read();

    /// <summary>What keeps datagrams away, the surest first; without one a way to find out more.</summary>
    /// <param name="look">How long to look at datagrams that reach the machine, where that is allowed.</param>
    public IReadOnlyList<Finding> Explain(TimeSpan look)
    {
        SystemFiles files = new();
        IReadOnlyList<Target> targets = listensOn();
        IReadOnlyList<NetworkDevice> devices = NetworkDevice.All();
        List<Finding> findings = [];
        foreach (Target target in targets)
        {
            EndpointChecks checks = new(target, devices, files);
            findings.AddRange(checks.OfInterfaces());
            findings.AddRange(checks.OfReversePath());
        }

        using PacketWatch? watch = look > TimeSpan.Zero ? PacketWatch.TryOpen(targets.Select(target => target.Port)) : null;
        Sightings sightings = new(targets, devices, files);
        if (watch is not null)
        {
            sightings.Watch(watch, look, untilFirst: true);
        }

        findings.AddRange(sightings.Explain([.. KernelCounters.Read().Since(_before, devices, files)]));
        return findings.Count > 0
            ? [.. findings.DistinctBy(finding => finding.Code)]
            : [Nothing(targets, devices, isSure: watch is not null)];
    }

    /// <summary>The machine knows nothing of any datagram.</summary>
    /// <param name="targets">What is listened on.</param>
    /// <param name="devices">The machine's interfaces.</param>
    /// <param name="isSure">Whether interfaces were watched, so that another group's datagrams would have been seen.</param>
    public static Finding Nothing(IReadOnlyList<Target> targets, IReadOnlyList<NetworkDevice> devices, bool isSure)
    {
        string device = targets.Select(target => target.DeviceOf(devices)?.Name).FirstOrDefault(name => name is not null) ?? "any";
        string ports = string.Join(" or ", targets.Select(target => $"udp port {target.Port}").Distinct());
        return new(
            "silence",
            Tone.Bad,
            isSure
                ? "No datagram for this port, and no SPEAD packet, has reached this machine: ask the sender where it sends to."
                : "The kernel has dropped no datagram that it would count: none has reached this machine, or they come to "
                + "another group, or a firewall takes them.",
            $"tcpdump -c 5 -ni {device} {ports}");
    }
}
