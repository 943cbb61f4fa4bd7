// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>An allocator of user-supplied functions.</summary>
internal sealed unsafe class FunctionAllocator(sp2_allocator_options options) : MemoryAllocator
{
    protected internal override MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        void* context = null;
        void* block;
        if (packet.IsEmpty)
        {
            block = options.allocate(options.context, (ulong)size, null, &context);
        }
        else
        {
            sp2_packet_header header = CPacketHeader.Of(packet);
            block = options.allocate(options.context, (ulong)size, &header, &context);
        }

        return block is null ? default : new MemoryBlock(block, size, context is null ? null : (nuint)context);
    }

    protected internal override void Free(in MemoryBlock block) =>
        options.free(options.context, block.Address, (ulong)block.Size, (void*)(block.Owner as nuint? ?? 0));

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (options.finish is not null)
        {
            options.finish(options.context);
        }
    }
}
