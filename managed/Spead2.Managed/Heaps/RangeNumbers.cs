// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Spead2.Managed;

/// <summary>The numbers of a <see cref="RangeNode"/>, in the node itself.</summary>
[InlineArray(RangeNode.Capacity)]
internal struct RangeNumbers
{
    private ulong _first;
}
