// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Managed;

/// <summary>What messages call the options of a UDP writer.</summary>
/// <param name="Prefix">Comes before the name of the option that a message is about.</param>
/// <param name="Destinations">Where packets go.</param>
/// <param name="BindHost">Host to send from.</param>
/// <param name="InterfaceAddress">Interface of IPv4 groups.</param>
/// <param name="InterfaceIndex">Interface of groups, by its index.</param>
/// <param name="Dscp">Differentiated services code point.</param>
/// <param name="OfGroups">The option for groups that <see cref="UdpWriterOptions.GroupOption"/> names.</param>
internal sealed record UdpWriterNames(
    string Prefix,
    string Destinations,
    string BindHost,
    string InterfaceAddress,
    string InterfaceIndex,
    string Dscp,
    Func<string, string> OfGroups)
{
    /// <summary>As users of .NET know them.</summary>
    public static UdpWriterNames DotNet { get; } = new(
        string.Empty,
        nameof(Destinations),
        nameof(BindHost),
        nameof(InterfaceAddress),
        nameof(InterfaceIndex),
        nameof(Dscp),
        name => name);
}
