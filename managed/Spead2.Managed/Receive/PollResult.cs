// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>How it goes on, with a packet (for the source that handed it over) and with a source (for its loop).</summary>
internal enum PollResult
{
    /// <summary>There is nothing now: the source is to be armed.</summary>
    Idle,

    /// <summary>Another packet may be handed over; at the end of a slice: others first, then this source again.</summary>
    More,

    /// <summary>
    /// The packet was not taken, as it would evict a heap that another source may still complete: others first, then
    /// this source with the same packet. Or there is no room where its heap belongs: then all sources pause.
    /// </summary>
    Yield,

    /// <summary>Others first, then this source again, which has more to hand over. At the end of a slice only.</summary>
    Interrupted,

    /// <summary>Nothing can be done now: the source is not armed, and looks again after a while. At the end of a slice only.</summary>
    Later,

    /// <summary>The sink is full: the source goes on with the others of its stream when there is room.</summary>
    Blocked,

    /// <summary>The source has ended, or the stream has been closed.</summary>
    Ended,
}
