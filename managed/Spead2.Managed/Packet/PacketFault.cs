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
