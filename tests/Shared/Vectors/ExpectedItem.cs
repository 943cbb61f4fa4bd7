// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Vectors;

/// <summary>An item of an expected heap; its value is an address in the heap's payload unless it is immediate.</summary>
public readonly record struct ExpectedItem(long Id, bool IsImmediate, long Value, int Length);
