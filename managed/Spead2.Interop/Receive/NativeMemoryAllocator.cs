// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// An allocator of native code. Only streams that native code receives can use it, and only they call its functions.
/// </summary>
public abstract class NativeMemoryAllocator : MemoryAllocator
{
    private protected NativeMemoryAllocator(AllocatorHandle handle)
    {
        Handle = handle;
    }

    internal override bool IsNative => true;

    internal AllocatorHandle Handle { get; }

    /// <summary>Not for users.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    protected internal sealed override MemoryBlock Allocate(long size, in PacketHeader packet) => throw NotSupported();

    /// <summary>Not for users.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    protected internal sealed override void Free(in MemoryBlock block) => throw NotSupported();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Handle.Dispose();
        base.Dispose(disposing);
    }

    private NotSupportedException NotSupported() =>
        new($"{GetType().Name} gives memory to native code only: use it with {nameof(ReceiveStream)}.");
}
