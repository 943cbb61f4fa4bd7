// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Net;

namespace Spead2.Receive;

/// <summary>The first datagram that a stream refused for a cause.</summary>
/// <param name="Cause">Why.</param>
/// <param name="Time">When, by the clock of this machine.</param>
/// <param name="Length">
/// Bytes of the datagram, or of the rest of the buffer; of one that did not fit its slot those that did.
/// </param>
/// <param name="FirstBytes">Its first bytes, at most <see cref="MostBytes"/>.</param>
/// <param name="Sender">Who sent it; <c>null</c> for packets in memory, and if the system did not say.</param>
/// <remarks>
/// The kernel is asked who sent the first datagram of each batch only, as the rest would cost every packet time. Once it
/// is not known who sent a refused one it is asked for all of 65,536 batches, and the first refused datagram with a known
/// sender takes the place of the one without.
/// </remarks>
public readonly record struct RefusedDatagram(
    RefusalCause Cause, DateTimeOffset Time, long Length, ImmutableArray<byte> FirstBytes, IPEndPoint? Sender)
{
    /// <summary>Most bytes that are kept of a datagram.</summary>
    public const int MostBytes = 64;
}
