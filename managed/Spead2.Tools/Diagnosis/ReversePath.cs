// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Tools.Output;

namespace Spead2.Tools.Diagnosis;

/// <summary>The filter rp_filter, which drops packets from addresses that are not reached by the interface they came by.</summary>
internal static class ReversePath
{
    /// <summary>0: off; 1: that interface must be the way back; 2: any may be. The stricter of two settings counts.</summary>
    public static long ModeOf(NetworkDevice device, SystemFiles files) => Math.Max(
        files.Number("/proc/sys/net/ipv4/conf/all/rp_filter") ?? 0,
        files.Number($"/proc/sys/net/ipv4/conf/{device.Name}/rp_filter") ?? 0);

    /// <summary>What to do if packets of an interface are dropped, and nobody knows whose.</summary>
    public static string CureOf(IEnumerable<NetworkDevice> devices, SystemFiles files)
    {
        string[] settings =
        [
            .. devices.Where(device => !device.IsLoopback && ModeOf(device, files) == 1)
                .Select(device => $"net.ipv4.conf.{device.Name}.rp_filter=2"),
        ];
        return settings.Length > 0 ? $"sysctl -w {string.Join(' ', settings)}" : "ip route add SENDER/32 dev IFACE";
    }

    /// <summary>What drops the packets of a sender that come by an interface; null if this filter does not.</summary>
    public static Finding? Of(
        NetworkDevice device, IPAddress sender, IReadOnlyList<NetworkDevice> devices, SystemFiles files)
    {
        long mode = ModeOf(device, files);
        if (mode == 0 || sender.AddressFamily != AddressFamily.InterNetwork)
        {
            return null;
        }

        NetworkDevice? back = Routing.DeviceTo(sender, devices);
        return back is null
            ? new(
                "reverse-path",
                Tone.Bad,
                $"There is no route back to {sender}: the kernel drops its packets (rp_filter).",
                $"ip route add {sender}/32 dev {device.Name}")
            : back.Name != device.Name && mode == 1
                ? new(
                    "reverse-path",
                    Tone.Bad,
                    $"{sender} is reached by {back.Name}, but its packets come by {device.Name}: the kernel drops them "
                    + "(rp_filter).",
                    $"sysctl -w net.ipv4.conf.{device.Name}.rp_filter=2")
                : null;
    }
}
