// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>In which order the packets of a group of heaps are sent.</summary>
public enum GroupMode
{
    /// <summary>One packet of each heap that is not finished, in turn.</summary>
    RoundRobin = 0,

    /// <summary>One heap after the other.</summary>
    Serial = 1,
}
