// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed;

/// <summary>
/// Numbers that differ from process to process, so that no sender can choose what it sends by how it is hashed. The
/// runtime draws them once, however many threads ask first.
/// </summary>
internal static class Secret
{
    /// <summary>For the search of heaps by cnt.</summary>
    public static readonly ulong OfHeapCnts = Draw();

    /// <summary>For the tables of item pointers.</summary>
    public static readonly ulong OfItemPointers = Draw();

    /// <summary>
    /// The halves of a GUID, which .NET makes of the operating system's strong random numbers but for six bits, at
    /// different places in each. RandomNumberGenerator would load OpenSSL for this.
    /// </summary>
    private static ulong Draw()
    {
        ReadOnlySpan<ulong> halves = MemoryMarshal.Cast<Guid, ulong>([Guid.NewGuid()]);
        return halves[0] ^ halves[1];
    }
}
