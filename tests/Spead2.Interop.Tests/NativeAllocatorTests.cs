// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Allocators of native code, which only native code calls.</summary>
public sealed class NativeAllocatorTests
{
    [Test]
    public void Allocator_of_native_code_cannot_be_called_from_outside()
    {
        using MmapAllocator allocator = new();

        Assert.That(
            () => allocator.Allocate(1, default), Throws.InstanceOf<NotSupportedException>().With.Message.Contains(
                nameof(ReceiveStream)));
        Assert.That(() => allocator.Free(default), Throws.InstanceOf<NotSupportedException>());
    }
}
