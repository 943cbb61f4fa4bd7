// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>A captured frame.</summary>
/// <param name="Offset">Where its bytes begin in the window.</param>
/// <param name="Length">Bytes of it.</param>
/// <param name="OriginalLength">Bytes that it had before it was cut.</param>
/// <param name="Link">Link type.</param>
/// <param name="TimeNs">Nanoseconds since 1970; null if the capture does not say.</param>
internal readonly record struct CaptureRecord(int Offset, int Length, uint OriginalLength, uint Link, long? TimeNs);
