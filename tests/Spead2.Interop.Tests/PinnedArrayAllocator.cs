// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Payloads in arrays of .NET, which the garbage collector does not move.</summary>
internal sealed unsafe class PinnedArrayAllocator : CountingAllocator
{
    /// <summary>Sees each array.</summary>
    public Action<byte[]>? OnTake { get; set; }

    protected override MemoryBlock Take(long size, in PacketHeader packet)
    {
        byte[] array = GC.AllocateUninitializedArray<byte>((int)size, pinned: true);
        OnTake?.Invoke(array);
        return new((void*)Marshal.UnsafeAddrOfPinnedArrayElement(array, 0), size, owner: array);
    }

    protected override void GiveBack(in MemoryBlock block)
    {
        byte[] array = (byte[])block.Owner!;
        Assert.That((nint)block.Address, Is.EqualTo(Marshal.UnsafeAddrOfPinnedArrayElement(array, 0)));
        Assert.That(block.Size, Is.EqualTo(array.Length));

        // Whoever still uses it will notice.
        array.AsSpan().Fill(0xdd);
    }
}
