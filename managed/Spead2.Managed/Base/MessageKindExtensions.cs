// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

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
        MessageKind.DroppedAtStop => "heaps dropped at the stop",
        MessageKind.RingFull => "a full ring",
        MessageKind.Socket => "the socket",
        MessageKind.Source => "failed sources",
        MessageKind.User => "callbacks",
        MessageKind.Thread => "threads",
        _ => "an empty memory pool",
    };
}
