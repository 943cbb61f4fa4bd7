// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>One of several sockets that share a port.</summary>
/// <param name="Members">How many there are; 0: the socket has the port alone.</param>
/// <param name="Member">Which of them this is.</param>
/// <param name="Port">The port of the first one; 0: that is not open yet.</param>
internal readonly record struct PortShare(int Members, int Member, int Port);
