// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What a loop watches a descriptor for. Errors, and the end of what can be read, are always told.</summary>
[Flags]
internal enum Interest
{
    /// <summary>Errors only.</summary>
    None = 0,

    Readable = 1,

    Writable = 2,
}
