// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Tools.Diagnosis;

/// <summary>Which way packets go.</summary>
internal static class Routing
{
    // Nothing is sent.
    private const int AnyPort = 9;

    /// <summary>The interface by which an address is reached; null if there is no way to it.</summary>
    public static NetworkDevice? DeviceTo(IPAddress address, IReadOnlyList<NetworkDevice> devices)
    {
        try
        {
            using Socket socket = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(new IPEndPoint(address, AnyPort));
            IPAddress own = ((IPEndPoint)socket.LocalEndPoint!).Address;
            return devices.FirstOrDefault(device => device.Addresses.Contains(own));
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
