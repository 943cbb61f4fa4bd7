// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Writes down which blocks go and come, of a size and an owner that a test chooses.</summary>
internal sealed unsafe class BlockAllocator : MemoryAllocator
{
    public int Extra { get; init; }

    public object? Owner { get; init; }

    public List<(nint Address, long Size, object? Owner)> Given { get; } = [];

    public List<(nint Address, long Size, object? Owner)> Freed { get; } = [];

    protected internal override MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        MemoryBlock block = new(NativeMemory.Alloc((nuint)(size + Extra)), size + Extra, Owner);
        Given.Add(((nint)block.Address, block.Size, block.Owner));
        return block;
    }

    protected internal override void Free(in MemoryBlock block)
    {
        Freed.Add(((nint)block.Address, block.Size, block.Owner));
        NativeMemory.Free(block.Address);
    }
}
