// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Record;

/// <summary>Where a heap begins in a capture.</summary>
/// <param name="Cnt">Its cnt.</param>
/// <param name="TimeNs">Nanoseconds since 1970 at which its first packet arrived.</param>
/// <param name="Offset">Where the record of that packet begins.</param>
internal readonly record struct HeapPlace(ulong Cnt, long TimeNs, long Offset);
