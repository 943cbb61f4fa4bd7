// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Tools.Receive;

namespace Spead2.Soak.Receiving;

/// <summary>What an engine holds of the default memory of heaps.</summary>
/// <param name="Used">Bytes that heaps hold.</param>
/// <param name="Cached">Bytes that wait to be used again.</param>
internal readonly record struct EngineMemory(long Used, long Cached)
{
    /// <summary>What the engine holds now.</summary>
    public static unsafe EngineMemory Of(ReceiveEngine engine)
    {
        if (engine == ReceiveEngine.Managed)
        {
            RecyclerState state = Recycler.State;
            return new((long)state.UsedBytes, (long)state.CachedBytes);
        }

        sp2_memory_stats stats = new() { size = (uint)sizeof(sp2_memory_stats) };
        int status = NativeMethods.sp2_memory_get_stats(&stats);
        return status == 0
            ? new((long)stats.used_bytes, (long)stats.cached_bytes)
            : throw new InvalidOperationException($"sp2_memory_get_stats gives {status}.");
    }
}
