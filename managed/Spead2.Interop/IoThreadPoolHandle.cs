// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2;

/// <summary>
/// The threads that the C core has started for a user-supplied pool. Streams on it hold leases, so that it outlives them.
/// </summary>
internal sealed unsafe class IoThreadPoolHandle : SafeHandle
{
    private readonly NativeLog _log;

    private IoThreadPoolHandle(IoThreadPool pool)
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        _log = new NativeLog(pool.Logger);
        sp2_thread_pool_options options = new()
        {
            size = (uint)sizeof(sp2_thread_pool_options),
            threads = (uint)pool.ThreadCount,
            affinity_count = (uint)pool.Affinity.Length,
            log = NativeLog.Function,
            log_context = _log.Context,
            log_level = (uint)_log.Threshold,
        };
        sp2_thread_pool* native;
        int status;
        fixed (int* cpus = pool.Affinity.AsSpan())
        fixed (byte* utf8 = NativeText.FromString(pool.Name))
        {
            options.affinity = cpus;
            options.name = (sbyte*)utf8;
            status = NativeMethods.sp2_thread_pool_create(&options, &native);
        }

        if (status != (int)sp2_status.SP2_OK)
        {
            _log.Dispose();
            NativeStatus.Throw(status);
        }

        SetHandle((nint)native);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The native pool, valid while leased.</summary>
    public sp2_thread_pool* Pool => (sp2_thread_pool*)handle;

    /// <summary>The native pool of a user-supplied pool, started if it has not been.</summary>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    /// <exception cref="Spead2Exception">The threads could not be started.</exception>
    public static IoThreadPoolHandle Of(IoThreadPool pool) => pool.Threads(static pool => new IoThreadPoolHandle(pool));

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _log.Flush();
        }
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.sp2_thread_pool_destroy(Pool);
        _log.Dispose();
        return true;
    }
}
