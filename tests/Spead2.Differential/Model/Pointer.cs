// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Model;

/// <summary>An item pointer: mode, identifier, and the value or address.</summary>
internal readonly record struct Pointer(bool IsImmediate, long Id, long Value)
{
    /// <summary>Takes the 64 bits apart (spec 1.3).</summary>
    public static Pointer Of(ulong bits, int addressBits) => new(
        bits >> 63 == 1, (long)((bits & long.MaxValue) >> addressBits), (long)(bits & ((1UL << addressBits) - 1)));
}
