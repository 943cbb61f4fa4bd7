// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>An item pointer of a heap, as a number, and when it arrived compared with others.</summary>
internal readonly record struct ItemPointer(ulong Wire, int Arrival)
{
    public bool IsImmediate => (Wire & Managed.Wire.ImmediateBit) != 0;
}
