// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>The statistics of one packet source.</summary>
internal struct SourceCounters
{
    /// <summary>What the kernel handed out: datagrams, or several that it had coalesced.</summary>
    public long Messages;

    public long Datagrams;

    /// <summary>Of datagrams, of packets from a buffer, or of connections.</summary>
    public long Bytes;

    /// <summary>As the stream's statistic of the same name, and so the next four.</summary>
    public long Packets;

    public long Malformed;

    public long SizeMismatch;

    public long Truncated;

    public long Empty;

    /// <summary>Messages that the kernel has dropped.</summary>
    public long KernelDropMessages;

    /// <summary>Datagrams taken from the socket, but not handed over when it was closed.</summary>
    public long DroppedAtClose;

    /// <summary>How often a group was joined again, as its interface had come back.</summary>
    public long Rejoins;

    /// <summary>Errors that the operating system told of the socket.</summary>
    public long Errors;

    /// <summary>How often the source paused because the sink was full.</summary>
    public long Blocked;

    /// <summary>Bounded pieces of work on the loop. A source that has nothing to do gets none.</summary>
    public long Slices;

    /// <summary>Times that the source let another one go first.</summary>
    public long Yields;

    /// <summary>Connections that were made.</summary>
    public long Connections;

    /// <summary>Bytes of connections, passed over in search of a packet.</summary>
    public long SkippedBytes;

    /// <summary>Bytes of connections or captures that had come but were not used at their end.</summary>
    public long UnfinishedBytes;

    /// <summary>Frames of a capture that were read.</summary>
    public long Frames;

    /// <summary>Frames of a capture that hold no UDP datagram.</summary>
    public long FramesOther;

    /// <summary>Frames of a capture to other addresses or ports than the source's.</summary>
    public long FramesFiltered;

    /// <summary>Frames of a capture that the capturing host sent, and that are not asked for.</summary>
    public long FramesOutgoing;

    /// <summary>Frames of a capture whose end was not captured.</summary>
    public long FramesTruncated;

    /// <summary>Frames of a capture whose headers contradict their length.</summary>
    public long FramesMalformed;

    /// <summary>Frames of a capture that are of an unknown link type or interface, or longer than 512 KiB.</summary>
    public long FramesUnreadable;

    /// <summary>Fragments of IP packets, in frames of their own.</summary>
    public long Fragments;

    /// <summary>Fragments that could not be put together.</summary>
    public long FragmentsLost;
}
