// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Vectors;

/// <summary>An item of an expected heap. Its value is an address in the payload unless it is immediate.</summary>
public readonly record struct ExpectedItem(long Id, bool IsImmediate, long Value, int Length);
