// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>What a packet source does.</summary>
public enum SourceState
{
    /// <summary>It waits for <see cref="IReceiveStream.Start"/>.</summary>
    Unstarted = 0,

    /// <summary>It receives what arrives.</summary>
    Running = 1,

    /// <summary>It waits for the consumer: the ring is full.</summary>
    Blocked = 2,

    /// <summary>It receives nothing any more: it has ended, or the stream has.</summary>
    Ended = 3,

    /// <summary>It was removed from its stream.</summary>
    Removed = 4,
}
