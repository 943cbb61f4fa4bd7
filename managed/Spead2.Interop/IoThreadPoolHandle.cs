// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2;

/// <summary>A thread pool of the C core. Streams on it hold leases, so it outlives them.</summary>
internal sealed unsafe class IoThreadPoolHandle : SafeHandle
{
    private readonly NativeLog? _log;

    /// <exception cref="Spead2Exception">The pool could not be started.</exception>
    public IoThreadPoolHandle(int threads, ReadOnlySpan<int> affinity, string? name, NativeLog? log)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        sp2_thread_pool_options options = new()
        {
            size = (uint)sizeof(sp2_thread_pool_options),
            threads = (uint)threads,
            affinity_count = (uint)affinity.Length,
        };
        _log = log;
        if (log is not null)
        {
            options.log = NativeLog.Function;
            options.log_context = log.Context;
            options.log_level = (uint)log.Threshold;
        }

        sp2_thread_pool* pool;
        int status;
        fixed (int* cpus = affinity)
        fixed (byte* utf8 = NativeText.FromString(name))
        {
            options.affinity = cpus;
            options.name = (sbyte*)utf8;
            status = NativeMethods.sp2_thread_pool_create(&options, &pool);
        }

        if (status != (int)sp2_status.SP2_OK)
        {
            _log?.Dispose();
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
        _log?.Dispose();
        return true;
    }
}
