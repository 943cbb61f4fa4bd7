// SPDX-License-Identifier: MIT

using Spead2.Bindings;

namespace Spead2.Testing.Engines;

/// <summary>What heaps hold of the native core's memory.</summary>
internal static unsafe class EngineMemory
{
    public static ulong Bytes
    {
        get
        {
            sp2_memory_stats stats = new() { size = (uint)sizeof(sp2_memory_stats) };
            NativeStatus.ThrowIfFailed(NativeMethods.sp2_memory_get_stats(&stats));
            return stats.used_bytes;
        }
    }
}
