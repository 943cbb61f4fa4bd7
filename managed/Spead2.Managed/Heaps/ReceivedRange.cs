// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Heap offsets from <paramref name="Start"/> up to, but not including, <paramref name="End"/>.</summary>
internal record struct ReceivedRange(ulong Start, ulong End);
