// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What stands at the start of a block that waits to be used again.</summary>
internal unsafe struct FreeBlock
{
    public FreeBlock* Next;

    /// <summary>As in <see cref="PayloadBlock"/>, like the others; of large blocks only.</summary>
    public ulong Usable;

    public ulong Warm;

    public ulong Sparse;
}
