// SPDX-License-Identifier: MIT

namespace Spead2.Soak;

/// <summary>Where packets get lost.</summary>
internal enum LossPlace
{
    /// <summary>The sender leaves out packets, and whole heaps.</summary>
    Sender,

    /// <summary>Something between sender and receiver drops packets, in bursts, too.</summary>
    Wire,

    /// <summary>The receiver's socket buffer holds less than a heap.</summary>
    SocketBuffer,

    /// <summary>Nobody takes heaps until the ring and the socket buffer have overflowed.</summary>
    SlowConsumer,

    /// <summary>More heaps are under way than the stream has slots: what is left of one begins it again.</summary>
    Eviction,
}
