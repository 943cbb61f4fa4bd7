// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>Flags of a heap.</summary>
[Flags]
internal enum HeapState
{
    None = 0,
    Complete = 1,
    Contiguous = 2,
    StartOfStream = 4,
    EndOfStream = 8,
    Mixed = 16,
    Contradictory = 32,
}
