// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Engines;

/// <summary>What a stream is in the middle of when it is given up.</summary>
public enum StreamState
{
    /// <summary>It has no reader of packets.</summary>
    Created,

    /// <summary>It has one, but waits to be started.</summary>
    Held,

    /// <summary>It receives, but nothing is sent.</summary>
    Idle,

    /// <summary>Packets come in without a pause.</summary>
    Receiving,

    /// <summary>Its ring is full, and its reader is paused.</summary>
    RingFull,

    /// <summary>Somebody waits for a heap in TryRead with a timeout.</summary>
    InTryRead,

    /// <summary>Somebody waits for a heap in Read with a token.</summary>
    InRead,

    /// <summary>Three reads are in flight.</summary>
    InReadAsync,

    /// <summary>Somebody waits until there is a heap.</summary>
    InWaitToRead,

    /// <summary>Somebody enumerates.</summary>
    InReadAll,

    /// <summary>A stop item has stopped it.</summary>
    StoppedByItem,

    /// <summary>Its user has stopped it.</summary>
    Stopped,

    /// <summary>It has ended, and every heap has been read.</summary>
    Drained,

    /// <summary>It has been disposed before.</summary>
    Disposed,
}
