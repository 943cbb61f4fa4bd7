// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>A range by its leaf and its index there.</summary>
internal readonly record struct RangePosition(int Leaf, int Index);
