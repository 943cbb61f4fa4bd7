// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Kinds of messages; the rate of each is limited apart, so that none hides another.</summary>
internal enum MessageKind
{
    /// <summary>Bytes that are not a packet.</summary>
    Packet,

    /// <summary>A datagram of the wrong size.</summary>
    Datagram,

    /// <summary>A packet that contradicts its heap.</summary>
    Rejected,

    /// <summary>A packet out of order, in in-order mode.</summary>
    Order,

    /// <summary>A packet received before.</summary>
    Duplicate,

    /// <summary>A heap over a limit.</summary>
    TooLarge,

    /// <summary>No memory for a packet.</summary>
    Memory,

    /// <summary>An incomplete heap was dropped.</summary>
    IncompleteHeap,

    /// <summary>More heaps are under way than there are slots.</summary>
    MaxHeaps,

    /// <summary>A heap was dropped because the user stopped the stream.</summary>
    DroppedAtStop,

    /// <summary>The consumer is too slow.</summary>
    RingFull,

    /// <summary>A socket reports an error, or is not as asked for.</summary>
    Socket,

    /// <summary>A frame or the end of a capture.</summary>
    Capture,

    /// <summary>A packet source failed, so that its stream ends.</summary>
    Source,

    /// <summary>A user's allocator or copy function failed.</summary>
    User,

    /// <summary>A thread could not be bound to its processor.</summary>
    Thread,

    /// <summary>A memory pool had no block.</summary>
    PoolEmpty,
}

internal static class MessageKindExtensions
{
    /// <summary>What messages of a kind are about.</summary>
    public static string Text(this MessageKind kind) => kind switch
    {
        MessageKind.Packet => "malformed packets",
        MessageKind.Datagram => "datagrams of the wrong size",
        MessageKind.Rejected => "contradictory packets",
        MessageKind.Order => "packets out of order",
        MessageKind.Duplicate => "duplicate packets",
        MessageKind.TooLarge => "heaps over a limit",
        MessageKind.Memory => "lack of memory",
        MessageKind.IncompleteHeap => "incomplete heaps",
        MessageKind.MaxHeaps => "heaps that were evicted too early",
        MessageKind.DroppedAtStop => "heaps dropped at the stop",
        MessageKind.RingFull => "a full ring",
        MessageKind.Socket => "the socket",
        MessageKind.Capture => "the capture",
        MessageKind.Source => "failed sources",
        MessageKind.User => "callbacks",
        MessageKind.Thread => "threads",
        _ => "an empty memory pool",
    };
}
