// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>
/// One reference to an allocator of the C core. Streams and pools that use the allocator lease it, so what it needs of .NET
/// stays, too; heaps hold the allocator itself.
/// </summary>
internal sealed unsafe class AllocatorHandle : SafeHandle
{
    private readonly IDisposable[] _needs;

    /// <summary>Takes over an allocator and what must not go before its users.</summary>
    public AllocatorHandle(sp2_allocator* allocator, params IDisposable[] needs)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        _needs = needs;
        SetHandle((nint)allocator);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The native allocator, valid while leased.</summary>
    public sp2_allocator* Allocator => (sp2_allocator*)handle;

    /// <summary>The native form of an allocator.</summary>
    /// <param name="allocator">Any allocator.</param>
    /// <param name="customStatistics">Number of custom statistics of the stream that is to use it.</param>
    /// <param name="log">Learns of exceptions that a user's allocator throws.</param>
    /// <returns>A lease; the allocator may be disposed at once.</returns>
    public static Lease LeaseOf(MemoryAllocator allocator, int customStatistics, NativeLog log)
    {
        if (allocator is INativeAllocator native)
        {
            return new(native.Handle);
        }

        using AllocatorHandle handle = UserAllocator.Wrap(allocator, customStatistics, log);
        return new(handle);
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.sp2_allocator_destroy(Allocator);
        foreach (IDisposable need in _needs)
        {
            need.Dispose();
        }

        return true;
    }

    /// <summary>A lease that knows what is leased.</summary>
    public sealed class Lease(AllocatorHandle handle) : IDisposable
    {
        private readonly HandleLease _lease = new(handle);

        public sp2_allocator* Allocator => handle.Allocator;

        public void Dispose() => _lease.Dispose();
    }
}
