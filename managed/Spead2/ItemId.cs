// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>Item identifiers that the SPEAD protocol reserves.</summary>
public static class ItemId
{
    /// <summary>Padding; in address mode it still ends the item before it.</summary>
    public const int Null = 0x00;

    /// <summary>Identity of the heap. Immediate, in every packet.</summary>
    public const int HeapCnt = 0x01;

    /// <summary>Bytes of payload of the whole heap. Immediate, optional.</summary>
    public const int HeapLength = 0x02;

    /// <summary>Heap offset of the packet's payload. Immediate, in every packet.</summary>
    public const int PayloadOffset = 0x03;

    /// <summary>Bytes of payload in the packet. Immediate, in every packet.</summary>
    public const int PayloadLength = 0x04;

    /// <summary>An item descriptor: one or more SPEAD packets that describe an item.</summary>
    public const int Descriptor = 0x05;

    /// <summary>Stream control: 0 start, 1 descriptor reissue, 2 stop, 3 descriptor update.</summary>
    public const int StreamControl = 0x06;

    /// <summary>In a descriptor: the item's name, ASCII.</summary>
    public const int DescriptorName = 0x10;

    /// <summary>In a descriptor: what the item is, ASCII.</summary>
    public const int DescriptorDescription = 0x11;

    /// <summary>In a descriptor: the item's shape.</summary>
    public const int DescriptorShape = 0x12;

    /// <summary>In a descriptor: the fields of one element.</summary>
    public const int DescriptorFormat = 0x13;

    /// <summary>In a descriptor: the identifier that is described. Immediate.</summary>
    public const int DescriptorId = 0x14;

    /// <summary>In a descriptor: a NumPy header, which overrides format and shape.</summary>
    public const int DescriptorDtype = 0x15;
}
