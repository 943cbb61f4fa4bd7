// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// A block for payload. What of it is memory, and not only address space, is told apart, so that what packets announce
/// costs nothing, and blocks that are worth nothing are not kept in the place of others.
/// </summary>
internal unsafe struct PayloadBlock
{
    /// <summary>Null where there is no block.</summary>
    public byte* Memory;

    /// <summary>Bytes that it may come to have.</summary>
    public ulong Size;

    /// <summary>Bytes that may be written to now.</summary>
    public ulong Usable;

    /// <summary>Its start that was written to: by its users, which raise it.</summary>
    public ulong Warm;

    /// <summary>At most so many bytes are real behind that: likewise.</summary>
    public ulong Sparse;
}
