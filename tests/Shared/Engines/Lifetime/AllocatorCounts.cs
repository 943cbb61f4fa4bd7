// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Engines;

/// <summary>What allocators have seen; they may be garbage when it is looked at.</summary>
internal sealed class AllocatorCounts
{
    /// <summary>Blocks that have not come back.</summary>
    public int InUse;

    /// <summary>Blocks that came back to an allocator whose finalizer had run.</summary>
    public int FreedTooLate;
}
