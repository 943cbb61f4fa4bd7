// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.NetworkInformation;

namespace Spead2.Tools.Diagnosis;

/// <summary>A network interface.</summary>
/// <param name="Name">Name.</param>
/// <param name="Mtu">Largest packet in bytes, headers of IP and UDP among them.</param>
/// <param name="Addresses">Its addresses.</param>
/// <param name="Flags">Flags IFF_* of Linux.</param>
internal sealed record NetworkDevice(string Name, int Mtu, IReadOnlyList<IPAddress> Addresses, int Flags)
{
    // From <linux/if.h>.
    private const int Up = 0x1;
    private const int Loopback = 0x8;
    private const int Running = 0x40;

    /// <summary>Whether it was set up.</summary>
    public bool IsUp => (Flags & Up) != 0;

    /// <summary>Whether there is somebody at the other end.</summary>
    public bool HasCarrier => (Flags & Running) != 0;

    /// <summary>Whether it is the one by which a machine reaches itself.</summary>
    public bool IsLoopback => (Flags & Loopback) != 0;

    /// <summary>All there are.</summary>
    public static IReadOnlyList<NetworkDevice> All() =>
    [
        .. from device in NetworkInterface.GetAllNetworkInterfaces()
           let flags = DeviceControl.Flags(device.Name)
           where flags is not null
           orderby device.Name
           select new NetworkDevice(
               device.Name,
               DeviceControl.Mtu(device.Name) ?? 0,
               [.. device.GetIPProperties().UnicastAddresses.Select(own => own.Address)],
               flags.Value),
    ];
}
