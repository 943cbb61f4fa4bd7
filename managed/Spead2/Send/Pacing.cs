// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>How packets within a burst are spaced.</summary>
public enum Pacing
{
    /// <summary>Back to back up to <see cref="SendStreamOptions.BurstSize"/>: costs least.</summary>
    Bursts = 0,

    /// <summary>
    /// A few packets at a time, which costs the stream's thread time: bursts at line rate overflow the buffers of switches.
    /// </summary>
    Packets = 1,
}
