// SPDX-License-Identifier: MIT

using System.Net;

namespace Spead2.Tools.Diagnosis;

/// <summary>A UDP socket of any process.</summary>
/// <param name="Address">What it is bound to.</param>
/// <param name="Port">The port.</param>
/// <param name="Waiting">Bytes of kernel memory that wait in it to be received.</param>
/// <param name="Inode">What its descriptors link to.</param>
/// <param name="Drops">Messages that it dropped since it was made.</param>
internal sealed record UdpSocketEntry(IPAddress Address, int Port, long Waiting, long Inode, long Drops)
{
    /// <summary>Whether a socket for this address gets the same packets, or cannot be bound beside this one.</summary>
    public bool Concerns(IPAddress address) =>
        Address.Equals(address)
        || Address.Equals(IPAddress.IPv6Any)
        || (Address.AddressFamily == address.AddressFamily
            && (Address.Equals(IPAddress.Any) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)));
}
