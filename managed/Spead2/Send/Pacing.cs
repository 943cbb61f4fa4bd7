// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>How packets within a burst are spaced.</summary>
public enum Pacing
{
    /// <summary>Back to back up to <see cref="SendStreamOptions.BurstSize"/>: costs least.</summary>
    Bursts = 0,

    /// <summary>
    /// A few packets at a time, by the stream's thread, which then spins for short waits: bursts at line rate overflow
    /// the buffers of switches.
    /// </summary>
    Packets = 1,
}
