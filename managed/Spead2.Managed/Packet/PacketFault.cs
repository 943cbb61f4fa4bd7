// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Why bytes are not a packet, in the order in which it is looked for.</summary>
internal enum PacketFault
{
    None,
    TooSmall,
    Magic,
    Flavour,
    Widths,
    ItemTable,
    ItemMissing,
    Payload,
    BeyondHeap,
}

internal static class PacketFaultExtensions
{
    /// <summary>What a fault means, in words that follow "it is not a packet".</summary>
    public static string Text(this PacketFault fault) => fault switch
    {
        PacketFault.None => "it is a packet",
        PacketFault.TooSmall => "it is shorter than a packet header (8 bytes)",
        PacketFault.Magic => "it does not start with the magic number 0x53 and version 4",
        PacketFault.Flavour => "its item identifier or heap address has a width of 0",
        PacketFault.Widths => "the widths of item identifier and heap address do not add up to 8 bytes",
        PacketFault.ItemTable => "its item pointers do not fit into it",
        PacketFault.ItemMissing => "it has no immediate HEAP_CNT, PAYLOAD_OFFSET or PAYLOAD_LENGTH",
        PacketFault.Payload => "its payload does not fit into it",
        _ => "its payload ends beyond its heap",
    };
}
