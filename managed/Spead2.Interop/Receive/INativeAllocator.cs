// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// An allocator of native code. Only streams that native code receives can use it, and only they call its functions.
/// </summary>
internal interface INativeAllocator
{
    /// <summary>The native allocator.</summary>
    AllocatorHandle Handle { get; }

    /// <summary>For calls of what native code alone may call.</summary>
    static NotSupportedException Refuse(MemoryAllocator allocator) => new(
        $"{allocator.GetType().Name} gives memory to native code only: use it with {nameof(ReceiveStream)}.");
}
