// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>What a handle stands for: the four top bits of its value. With the topmost set, it is no address.</summary>
internal enum HandleKind : ulong
{
    ThreadPool = 0x8,
    Stream = 0x9,
    Heap = 0xa,
    Allocator = 0xb,
    ItemGroup = 0xc,
    PacketSource = 0xd,
    SendStream = 0xe,
    SendHeap = 0xf,
}
