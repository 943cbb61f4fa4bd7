// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2;

/// <summary>A thread pool of the C core. Streams on it hold leases, so it outlives them.</summary>
internal sealed unsafe class IoThreadPoolHandle : SafeHandle
{
    private GCHandle<NativeLog> _log;

    /// <exception cref="Spead2Exception">The pool could not be started.</exception>
    public IoThreadPoolHandle(int threads, ReadOnlySpan<int> affinity, NativeLog? log)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        sp2_thread_pool_options options = new()
        {
            size = (uint)sizeof(sp2_thread_pool_options),
            threads = (uint)threads,
            affinity_count = (uint)affinity.Length,
        };
        if (log is not null)
        {
            _log = new(log);
            options.log = NativeLog.Function;
            options.log_context = (void*)GCHandle<NativeLog>.ToIntPtr(_log);
            options.log_level = (uint)log.Threshold;
        }

        sp2_thread_pool* pool;
        int status;
        fixed (int* cpus = affinity)
        {
            options.affinity = cpus;
            status = NativeMethods.sp2_thread_pool_create(&options, &pool);
        }

        if (status != (int)sp2_status.SP2_OK)
        {
            _log.Dispose();
            NativeStatus.Throw(status);
        }

        SetHandle((nint)pool);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The native pool, valid while leased.</summary>
    public sp2_thread_pool* Pool => (sp2_thread_pool*)handle;

    protected override bool ReleaseHandle()
    {
        NativeMethods.sp2_thread_pool_destroy(Pool);
        _log.Dispose();
        return true;
    }
}
