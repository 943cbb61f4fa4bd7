// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>What a handle stands for: the five top bits of its value. With the topmost set, it is no address.</summary>
internal enum HandleKind : ulong
{
    ThreadPool = 0x10,
    Stream = 0x11,
    Heap = 0x12,
    Allocator = 0x13,
    ItemGroup = 0x14,
    PacketSource = 0x15,
    SendStream = 0x16,
    SendHeap = 0x17,
    InprocQueue = 0x18,
    Chunk = 0x19,
    ChunkGroup = 0x1a,
}
