// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What messages call the options of a UDP source.</summary>
/// <param name="Prefix">Comes before the name of the option that a message is about.</param>
/// <param name="BindHost">Host to bind to.</param>
/// <param name="Group">Group to join.</param>
/// <param name="InterfaceAddress">Interface of an IPv4 group.</param>
/// <param name="InterfaceIndex">Interface of a group, by its index.</param>
/// <param name="InterfaceName">Interface of a group, by its name.</param>
/// <param name="Senders">Whom to receive from.</param>
/// <param name="Socket">Existing socket.</param>
internal sealed record UdpFieldNames(
    string Prefix,
    string BindHost,
    string Group,
    string InterfaceAddress,
    string InterfaceIndex,
    string InterfaceName,
    string Senders,
    string Socket)
{
    /// <summary>As users of .NET know them.</summary>
    public static UdpFieldNames DotNet { get; } = new(
        string.Empty,
        nameof(BindHost),
        nameof(Group),
        nameof(InterfaceAddress),
        nameof(InterfaceIndex),
        nameof(InterfaceName),
        nameof(Senders),
        nameof(Socket));
}
