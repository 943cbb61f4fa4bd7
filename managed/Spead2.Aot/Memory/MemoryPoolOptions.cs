// SPDX-License-Identifier: MIT

using Spead2.Bindings;

namespace Spead2.Aot;

/// <summary>The rules that options of memory pools must keep to.</summary>
internal static unsafe class MemoryPoolOptions
{
    private const string Options = nameof(sp2_memory_pool_options);

    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static void Check(in sp2_memory_pool_options options)
    {
        uint unknown = options.flags & ~(uint)sp2_memory_pool_flags.SP2_MEMORY_POOL_NO_WARNING;
        if (unknown != 0)
        {
            throw Failure.UnknownFlags(Options, unknown);
        }

        Require(options.reserved == 0, "reserved", options.reserved, "zero", 0);
        const uint LastLevel = (uint)sp2_log_level.SP2_LOG_NONE;
        Require(options.log_level <= LastLevel, "log_level", options.log_level, "at most SP2_LOG_NONE", LastLevel);
        Require(options.upper != 0, "upper", 0, "at least one byte", 1);
        Require(options.lower <= options.upper, "lower", options.lower, "at most upper", options.upper);
        Require(options.initial <= options.max_free, "initial", options.initial, "at most max_free", options.max_free);
        Require(options.low_water <= options.initial, "low_water", options.low_water, "at most initial", options.initial);
        bool hasThreads = options.low_water == 0 || options.thread_pool is not null;
        Require(hasThreads, "low_water", options.low_water, "zero without a thread_pool", 0);
    }

    private static void Require(bool holds, string field, ulong value, string rule, ulong limit)
    {
        if (!holds)
        {
            throw Failure.Argument($"{Options}.{field} is {value}, but must be {rule} ({limit})");
        }
    }
}
