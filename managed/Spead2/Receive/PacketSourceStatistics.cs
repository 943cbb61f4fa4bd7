// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;

namespace Spead2.Receive;

/// <summary>
/// What a packet source has counted at one moment. What a statistic of the stream counts, too, has the same name in
/// <see cref="StreamStatistics"/>.
/// </summary>
public sealed class PacketSourceStatistics
{
    internal PacketSourceStatistics()
    {
    }

    /// <summary>
    /// Messages taken from the kernel, which coalesces several datagrams into one, as TCP does with packets.
    /// </summary>
    public long Messages { get; internal init; }

    /// <summary>Datagrams taken from the socket, or from memory.</summary>
    public long Datagrams { get; internal init; }

    /// <summary>Bytes of those datagrams, of a buffer's packets, or of connections.</summary>
    public long Bytes { get; internal init; }

    /// <summary>Packets that reached the assembly, used or not.</summary>
    public long Packets { get; internal init; }

    /// <summary>Datagrams or bytes that are not a SPEAD packet.</summary>
    public long Malformed { get; internal init; }

    /// <summary>Datagrams that are longer than the packet in them.</summary>
    public long SizeMismatch { get; internal init; }

    /// <summary>
    /// Datagrams, or packets of TCP, that are larger than <see cref="UdpSourceOptions.MaxSize"/> or
    /// <see cref="TcpSourceOptions.MaxSize"/>.
    /// </summary>
    public long Truncated { get; internal init; }

    /// <summary>Datagrams without a byte.</summary>
    public long Empty { get; internal init; }

    /// <summary>Messages dropped by the kernel, mostly because the socket's buffer was full.</summary>
    public long KernelDropMessages { get; internal init; }

    /// <summary>Datagrams that had been taken from the socket, but not used, when it was closed.</summary>
    public long DroppedAtClose { get; internal init; }

    /// <summary>Errors that the operating system told of the socket.</summary>
    public long Errors { get; internal init; }

    /// <summary>Times that the group was joined again on an interface that came back.</summary>
    public long Rejoins { get; internal init; }

    /// <summary>Times that the source paused because the ring was full.</summary>
    public long Blocked { get; internal init; }

    /// <summary>Bounded pieces of work done for the source on its thread.</summary>
    public long Slices { get; internal init; }

    /// <summary>
    /// Times that the source let another one go first, which might have the rest of a heap that it was about to push out.
    /// </summary>
    public long Yields { get; internal init; }

    /// <summary>TCP connections that were made.</summary>
    public long Connections { get; internal init; }

    /// <summary>Bytes of connections, passed over in search of a packet.</summary>
    public long SkippedBytes { get; internal init; }

    /// <summary>
    /// Bytes of connections that had come but were not used at their end: a part of a packet; of captures, a part of a
    /// record.
    /// </summary>
    public long UnfinishedBytes { get; internal init; }

    /// <summary>Frames of a capture that were read.</summary>
    public long Frames { get; internal init; }

    /// <summary>Frames of a capture that hold no UDP datagram.</summary>
    public long FramesOther { get; internal init; }

    /// <summary>Frames of a capture to other addresses or ports than the source's.</summary>
    public long FramesFiltered { get; internal init; }

    /// <summary>Frames of a capture that the capturing host sent, and that are not asked for.</summary>
    public long FramesOutgoing { get; internal init; }

    /// <summary>Frames of a capture whose end was not captured.</summary>
    public long FramesTruncated { get; internal init; }

    /// <summary>Frames of a capture whose headers contradict their length.</summary>
    public long FramesMalformed { get; internal init; }

    /// <summary>Frames of a capture that are of an unknown link type or interface, or longer than 512 KiB.</summary>
    public long FramesUnreadable { get; internal init; }

    /// <summary>Fragments of IP packets, in frames of their own.</summary>
    public long Fragments { get; internal init; }

    /// <summary>Fragments that could not be put together.</summary>
    public long FragmentsLost { get; internal init; }

    /// <summary>
    /// Who sent the first datagram of the latest batch; null if nothing has come from a network yet. The address has no
    /// scope.
    /// </summary>
    public IPEndPoint? LastSender { get; internal init; }

    /// <summary>
    /// One line, for example <c>8000 packets, 8192000 bytes from 10.0.0.1:7148; kernel dropped 12 messages</c>.
    /// </summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Packets} packets, {Bytes} bytes{(LastSender is null ? "" : $" from {LastSender}")}" +
        $"{(KernelDropMessages == 0 ? "" : $"; kernel dropped {KernelDropMessages} messages")}");
}
