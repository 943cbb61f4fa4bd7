// SPDX-License-Identifier: MIT

namespace Spead2.Soak;

/// <summary>How the life of a stream ends.</summary>
internal enum StreamEnd
{
    /// <summary>The senders rest, everything has been received, the user stops the stream.</summary>
    AtRest,

    /// <summary>The same, but a stop item stops the stream.</summary>
    ByStopItem,

    /// <summary>The user stops the stream while datagrams are coming in.</summary>
    UnderFire,
}
