// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Tools.Output;

namespace Spead2.Tools.Diagnosis;

/// <summary>What can be seen to keep packets from a target before any has come.</summary>
/// <param name="target">What is listened on.</param>
/// <param name="devices">The machine's interfaces.</param>
/// <param name="files">What the kernel says.</param>
internal sealed class EndpointChecks(Target target, IReadOnlyList<NetworkDevice> devices, SystemFiles files)
{
    private const int HeadersV4 = 20 + 8;
    private const int HeadersV6 = 40 + 8;

    private readonly NetworkDevice? _device = target.DeviceOf(devices);

    /// <summary>Interfaces that are down, and ways that do not exist.</summary>
    public IEnumerable<Finding> OfInterfaces()
    {
        if (NeedsLoopback && devices.FirstOrDefault(device => device.IsLoopback) is { IsUp: false } loopback)
        {
            yield return new(
                "lo-down",
                Tone.Bad,
                $"{loopback.Name} is down: what this machine sends to its own addresses does not arrive.",
                $"ip link set {loopback.Name} up");
        }

        if (_device is null && !target.IsAny && !target.Addresses[0].Equals(IPAddress.Loopback))
        {
            yield return target.IsGroup
                ? new(
                    "no-route",
                    Tone.Bad,
                    $"There is no route to {target.Addresses[0]}, so the system cannot choose an interface for the group.",
                    $"spead2 recv {target.Place} --interface {NameOfUsual()}")
                : new(
                    "no-address",
                    Tone.Bad,
                    $"No interface has the address {target.Addresses[0]}.",
                    $"ip address add {target.Addresses[0]}/24 dev {NameOfUsual()}");
        }

        foreach (NetworkDevice device in Devices)
        {
            if (!device.IsUp)
            {
                yield return new("interface-down", Tone.Bad, $"{device.Name} is down.", $"ip link set {device.Name} up");
            }
            else if (!device.HasCarrier)
            {
                yield return new(
                    "no-carrier",
                    Tone.Bad,
                    $"{device.Name} is up, but has no carrier: look at the cable, and at the port of the switch.",
                    $"ip -s link show dev {device.Name}");
            }
        }
    }

    /// <summary>Senders whose packets the kernel drops, as it would send to them by another interface.</summary>
    public IEnumerable<Finding> OfReversePath() =>
        from device in Devices
        from sender in target.Senders
        let finding = ReversePath.Of(device, sender, devices, files)
        where finding is not null
        select finding;

    /// <summary>Packets that do not fit the interface.</summary>
    public IEnumerable<Finding> OfPacketSize(int size)
    {
        int needed = size + (target.Addresses[0].AddressFamily == AddressFamily.InterNetworkV6 ? HeadersV6 : HeadersV4);
        return from device in Devices
               where !device.IsLoopback && device.Mtu < needed
               select new Finding(
                   "mtu",
                   Tone.Bad,
                   string.Create(
                       CultureInfo.InvariantCulture,
                       $"Packets of {size} bytes do not fit {device.Name}: with their headers they are {needed} bytes, its MTU "
                       + $"is {device.Mtu}. Each hop of the way needs as much."),
                   $"ip link set dev {device.Name} mtu {Math.Max(needed, 9000)}");
    }

    /// <summary>A group that a receiver has a socket for, but has not joined where its packets come.</summary>
    public IEnumerable<Finding> OfMembership(bool hasReceiver)
    {
        if (!target.IsGroup || !hasReceiver)
        {
            yield break;
        }

        foreach (IPAddress group in target.Addresses)
        {
            IReadOnlyList<string> joined = Memberships.DevicesOf(group, files);
            if (joined.Count == 0 || (_device is not null && !joined.Contains(_device.Name)))
            {
                yield return new(
                    "not-joined",
                    Tone.Bad,
                    $"Somebody has the port, but {group} is not joined on {_device?.Name ?? "any interface"}"
                    + (joined.Count == 0 ? "." : $"; it is on {string.Join(", ", joined)}."),
                    $"spead2 recv {group}:{target.Port}" + (_device is null ? "" : $" --interface {_device.Name}"));
            }
        }
    }

    // From this machine to itself.
    private bool NeedsLoopback => target.IsAny || (!target.IsGroup && _device is not null)
        || IPAddress.IsLoopback(target.Addresses[0]);

    // Where every address is meant, those of interfaces that have one.
    private IEnumerable<NetworkDevice> Devices =>
        target.IsAny ? devices.Where(device => !device.IsLoopback && HasAddress(device))
        : _device is { IsLoopback: false } ? [_device]
        : [];

    private bool HasAddress(NetworkDevice device) =>
        device.Addresses.Any(own => own.AddressFamily == target.Addresses[0].AddressFamily && !own.IsIPv6LinkLocal);

    private string NameOfUsual() =>
        devices.FirstOrDefault(device => device is { IsLoopback: false, IsUp: true, HasCarrier: true })?.Name ?? "IFACE";
}
