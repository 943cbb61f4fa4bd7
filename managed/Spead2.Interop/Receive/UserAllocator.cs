// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>
/// Makes a user-supplied allocator look like one of the C core. The core holds it until the last block has come back.
/// </summary>
internal sealed unsafe class UserAllocator
{
    private readonly MemoryAllocator _allocator;
    private readonly int _customStatistics;
    private readonly FirstFault _allocateFault;
    private readonly FirstFault _freeFault;

    private UserAllocator(MemoryAllocator allocator, int customStatistics, NativeLog log)
    {
        _allocator = allocator;
        _customStatistics = customStatistics;
        _allocateFault = new(log);
        _freeFault = new(log);
    }

    /// <inheritdoc cref="AllocatorHandle.LeaseOf"/>
    public static AllocatorHandle Wrap(MemoryAllocator allocator, int customStatistics, NativeLog log)
    {
        GCHandle<UserAllocator> context = new(new(allocator, customStatistics, log));
        sp2_allocator_options options = new()
        {
            size = (uint)sizeof(sp2_allocator_options),
            allocate = &OnAllocate,
            free = &OnFree,
            finish = &OnFinish,
            context = (void*)GCHandle<UserAllocator>.ToIntPtr(context),
        };
        sp2_allocator* native;
        int status = NativeMethods.sp2_allocator_create(&options, &native);
        if (status != (int)sp2_status.SP2_OK)
        {
            context.Dispose();
            NativeStatus.Throw(status);
        }

        return new(native);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* OnAllocate(void* context, ulong size, sp2_packet_header* packet, void** blockContext)
    {
        UserAllocator allocator = Of(context);
        try
        {
            return allocator.Allocate((long)size, packet, blockContext);
        }
        catch (Exception exception)
        {
            allocator._allocateFault.Say(
                $"{allocator._allocator.GetType()} failed to allocate {size} bytes", exception);
            return null;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnFree(void* context, void* address, ulong size, void* blockContext)
    {
        UserAllocator allocator = Of(context);
        try
        {
            allocator.Free(address, (long)size, (nint)blockContext);
        }
        catch (Exception exception)
        {
            allocator._freeFault.Say($"{allocator._allocator.GetType()} failed to free {size} bytes", exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnFinish(void* context) => GCHandle<UserAllocator>.FromIntPtr((nint)context).Dispose();

    private static UserAllocator Of(void* context) => GCHandle<UserAllocator>.FromIntPtr((nint)context).Target;

    private void* Allocate(long size, sp2_packet_header* packet, void** blockContext)
    {
        *blockContext = null;
        MemoryBlock block = _allocator.Allocate(size, NativePacket.Header(packet, _customStatistics));
        if (block.Address is null)
        {
            return null;
        }

        if (block.Size < size)
        {
            _allocator.Free(block);
            throw new InvalidOperationException($"It gave a block of {block.Size} bytes.");
        }

        // The core brings back the address and the size that it asked for; the rest must be kept here.
        if (block.Owner is not null || block.Size != size)
        {
            *blockContext = (void*)GCHandle<object>.ToIntPtr(new(block));
        }

        return block.Address;
    }

    private void Free(void* address, long size, nint blockContext)
    {
        if (blockContext == 0)
        {
            _allocator.Free(new(address, size));
            return;
        }

        using GCHandle<object> kept = GCHandle<object>.FromIntPtr(blockContext);
        _allocator.Free((MemoryBlock)kept.Target);
    }
}
