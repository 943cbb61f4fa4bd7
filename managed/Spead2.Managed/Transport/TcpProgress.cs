// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>How far a connection is.</summary>
internal enum TcpProgress
{
    /// <summary>It is to be accepted.</summary>
    Listening,

    /// <summary>It is being made.</summary>
    Connecting,

    /// <summary>It is there.</summary>
    Connected,
}
