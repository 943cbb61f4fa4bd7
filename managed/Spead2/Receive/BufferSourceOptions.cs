// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// Packets back to back in memory (spead2: <c>add_buffer_reader</c>). The end of the buffer, or the first bytes
/// that are not a packet, stops the stream. A full ring loses nothing.
/// </summary>
public sealed class BufferSourceOptions : PacketSourceOptions
{
    /// <summary>
    /// The packets. Not copied: they must stay unchanged until the source is removed or the stream is disposed, and are
    /// pinned until then.
    /// </summary>
    public ReadOnlyMemory<byte> Packets { get; set; }

    internal override PacketSource AddTo(ReceiveStreamBase stream) => stream.AddBuffer(this);

    internal override IEnumerable<OptionFault> Faults() => [];
}
