// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>How the payload of packets is copied into their heap (spead2: <c>set_memcpy</c>).</summary>
public enum CopyMethod
{
    /// <summary>As the engine does it when nobody asks: today <see cref="Auto"/>.</summary>
    Default = 0,

    /// <summary>
    /// Through the caches, where the consumer then finds the heap (spead2: <c>MEMCPY_STD</c>).
    /// </summary>
    Standard = 1,

    /// <summary>
    /// Non-temporal copy (spead2: <c>MEMCPY_NONTEMPORAL</c>): faster for heaps that are larger than the caches, or
    /// that nobody reads soon. Where the processor has no such stores it is <see cref="Standard"/>.
    /// </summary>
    NonTemporal = 2,

    /// <summary>
    /// <see cref="Standard"/> or <see cref="NonTemporal"/> for each heap: non-temporal if its memory is not in the
    /// caches any more, because the consumer keeps heaps or they are large.
    /// </summary>
    Auto = 3,
}
