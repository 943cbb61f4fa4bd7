// SPDX-License-Identifier: MIT

using System.Net.Sockets;

namespace Spead2.Receive;

/// <summary>
/// A user-supplied socket, or none (<c>default</c>). It stands for the socket in options because configuration
/// binders, which look into every type, cannot do with a socket itself.
/// </summary>
public readonly struct ExistingSocket : IEquatable<ExistingSocket>
{
    private readonly Socket? _socket;

    private ExistingSocket(Socket? socket) => _socket = socket;

    /// <summary>Takes a socket; null is none.</summary>
    public static implicit operator ExistingSocket(Socket? socket) => new(socket);

    /// <summary>Whether two are the same socket.</summary>
    public static bool operator ==(ExistingSocket left, ExistingSocket right) => left.Equals(right);

    /// <summary>Whether two are different sockets.</summary>
    public static bool operator !=(ExistingSocket left, ExistingSocket right) => !left.Equals(right);

    /// <summary>Takes a socket; null is none.</summary>
    public static ExistingSocket ToExistingSocket(Socket? socket) => new(socket);

    /// <summary>The socket; null if there is none.</summary>
    public Socket? ToSocket() => _socket;

    /// <inheritdoc/>
    public bool Equals(ExistingSocket other) => _socket == other._socket;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ExistingSocket other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _socket?.GetHashCode() ?? 0;
}
