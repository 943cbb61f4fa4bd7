// SPDX-License-Identifier: MIT

namespace Spead2.Items.Values;

/// <summary>A value that an item gets when all of its heap has been looked at.</summary>
/// <param name="IsImmediate">Whether the value is in the item pointer.</param>
/// <param name="Bits">An immediate, or the offset in the heap's payload.</param>
/// <param name="Measured">How much of the bytes are the value; all of them if it cannot be interpreted.</param>
/// <param name="Fault">Why it cannot be interpreted, or null.</param>
internal readonly record struct PlannedValue(bool IsImmediate, ulong Bits, MeasuredValue Measured, string? Fault);
