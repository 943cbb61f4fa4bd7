// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>
/// Where payloads of a stream live and how they get there. It may change while the stream receives. Dispose it when the
/// stream has been destroyed.
/// </summary>
internal sealed unsafe class PayloadSettings(sp2_receive_stream* stream, int customStatistics, NativeLog log)
    : IDisposable
{
    private readonly Lock _gate = new();
    private MemoryAllocator? _allocator;
    private AllocatorHandle.Lease? _allocatorLease;
    private CopyMethod _copyMethod;
    private PacketCopier? _copier;
    private GCHandle<UserCopier> _copierContext;

    /// <summary>Null for the default memory.</summary>
    public MemoryAllocator? Allocator
    {
        get
        {
            lock (_gate)
            {
                return _allocator;
            }
        }

        set
        {
            lock (_gate)
            {
                SetAllocator(value);
            }
        }
    }

    /// <summary>Counts while there is no copier.</summary>
    public CopyMethod CopyMethod
    {
        get
        {
            lock (_gate)
            {
                return _copyMethod;
            }
        }

        set
        {
            lock (_gate)
            {
                if (_copier is null)
                {
                    SetMemcpy(value);
                }

                _copyMethod = value;
            }
        }
    }

    /// <summary>Null if the method decides.</summary>
    public PacketCopier? Copier
    {
        get
        {
            lock (_gate)
            {
                return _copier;
            }
        }

        set
        {
            lock (_gate)
            {
                SetCopier(value);
            }
        }
    }

    public void Dispose()
    {
        _allocatorLease?.Dispose();
        _copierContext.Dispose();
    }

    private void SetAllocator(MemoryAllocator? allocator)
    {
        AllocatorHandle.Lease? lease =
            allocator is null ? null : AllocatorHandle.LeaseOf(allocator, customStatistics, log);
        int status = NativeMethods.sp2_receive_stream_set_memory_allocator(
            stream, lease is null ? null : lease.Allocator);
        if (status != (int)sp2_status.SP2_OK)
        {
            lease?.Dispose();
            NativeStatus.Throw(status);
        }

        _allocatorLease?.Dispose();
        _allocatorLease = lease;
        _allocator = allocator;
    }

    private void SetCopier(PacketCopier? copier)
    {
        GCHandle<UserCopier> context = copier is null ? default : new(new(copier, customStatistics, log));
        int status = NativeMethods.sp2_receive_stream_set_copy_function(
            stream, copier is null ? null : UserCopier.Function, (void*)GCHandle<UserCopier>.ToIntPtr(context));
        if (status != (int)sp2_status.SP2_OK)
        {
            context.Dispose();
            NativeStatus.Throw(status);
        }

        // The one before is not running any more.
        _copierContext.Dispose();
        _copierContext = context;
        _copier = copier;
        if (copier is null)
        {
            SetMemcpy(_copyMethod);
        }
    }

    private void SetMemcpy(CopyMethod method) =>
        NativeStatus.ThrowIfFailed(NativeMethods.sp2_receive_stream_set_memcpy(stream, (int)method));
}
