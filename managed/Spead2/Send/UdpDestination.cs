// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>Where datagrams go.</summary>
/// <param name="Host">Host name or address; the first address that it resolves to is used.</param>
/// <param name="Port">UDP port, from 1 to 65535.</param>
public sealed record UdpDestination(string Host, int Port);
