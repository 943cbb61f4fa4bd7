// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>The switches of a <see cref="Dialect"/> as one number, which is that of the C interface.</summary>
[Flags]
internal enum DialectFlags : uint
{
    None = 0,
    MissingOffsetIsZero = 1,
    MissingLengthIsRest = 2,
    DatagramIsHeap = 4,
    IgnoreHeapLength = 8,
    ControlOnly = 16,
    ZeroLengthIsRest = 32,
    UnpointedItem = 64,
    IgnoreOffset = 128,
}
