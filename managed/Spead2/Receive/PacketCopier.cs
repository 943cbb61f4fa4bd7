// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// Copies the payload of one accepted packet into its heap; normally
/// <c>packet.Payload.CopyTo(heap[(int)packet.PayloadOffset..])</c>.
/// </summary>
/// <param name="heap">
/// The heap's payload, as long as the packet's <see cref="PacketHeader.HeapLength"/>, or up to the end of the packet's
/// payload if it does not say a length. The bytes may be put in any order; bytes that nobody writes have no defined
/// value. Valid during the call only.
/// </param>
/// <param name="packet">The packet.</param>
/// <remarks>
/// Threads: called on a thread that receives packets, one call at a time for a stream, while the stream cannot do
/// anything else: it must not use the stream. If it throws, the payload is copied plainly; the first time is logged.
/// </remarks>
public delegate void PacketCopier(Span<byte> heap, in PacketHeader packet);
