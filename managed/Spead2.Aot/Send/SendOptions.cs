// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Send;

namespace Spead2.Aot;

/// <summary>Options of send streams and heaps to send: their rules, and what the engine makes of them.</summary>
internal static unsafe class SendOptions
{
    private const string Options = nameof(sp2_send_stream_options);
    private const string HeapOptions = nameof(sp2_send_heap_options);

    private const sp2_send_heap_flags Dialects =
        sp2_send_heap_flags.SP2_SEND_SKA_LOW_SPS | sp2_send_heap_flags.SP2_SEND_SKA_LOW_ANTENNA_BUFFER |
        sp2_send_heap_flags.SP2_SEND_PYSPEAD | sp2_send_heap_flags.SP2_SEND_DATAGRAM_IS_HEAP;

    /// <summary>The caller's options with defaults in place of zeros.</summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static sp2_send_stream_options Read(sp2_send_stream_options* caller)
    {
        sp2_send_stream_options options = caller is null ? default : Sized.Read(caller, Options);
        options.max_heaps = options.max_heaps == 0 ? NativeMethods.SP2_SEND_DEFAULT_MAX_HEAPS : options.max_heaps;
        options.max_packet_size = options.max_packet_size == 0
            ? NativeMethods.SP2_SEND_DEFAULT_MAX_PACKET_SIZE
            : options.max_packet_size;
        options.burst_size = options.burst_size == 0 ? NativeMethods.SP2_SEND_DEFAULT_BURST_SIZE : options.burst_size;
        options.burst_rate_ratio = options.burst_rate_ratio == 0
            ? SendStreamOptions.DefaultBurstRateRatio
            : options.burst_rate_ratio;
        CheckWords(options);
        CheckSizes(options);
        CheckRate(options);
        return options;
    }

    /// <summary>What the engine makes of options that were read.</summary>
    public static SendSettings ForEngine(in sp2_send_stream_options options) => new(
        (int)options.max_heaps,
        (int)options.max_packet_size / 8 * 8,
        options.rate,
        (long)Math.Min(options.burst_size, long.MaxValue),
        options.burst_rate_ratio,
        (Pacing)options.pacing);

    /// <summary>A heap as the options want it, and the bugs that descriptors are written with.</summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static NativeSendHeap ReadHeap(sp2_send_heap_options* caller)
    {
        sp2_send_heap_options options = caller is null ? default : Sized.Read(caller, HeapOptions);
        uint dialects = options.flags & (uint)Dialects;
        uint unknown = options.flags & ~(uint)(sp2_send_heap_flags.SP2_SEND_REPEAT_POINTERS | Dialects);
        if (unknown != 0)
        {
            throw Failure.UnknownFlags(HeapOptions, unknown);
        }

        if ((dialects & (dialects - 1)) != 0)
        {
            throw Failure.Argument(
                $"{HeapOptions}.flags is 0x{options.flags:x}; it may have one dialect, not several");
        }

        uint bits = options.address_bits == 0 ? NativeMethods.SP2_SEND_DEFAULT_ADDRESS_BITS : options.address_bits;
        if (bits is < Flavour.MinAddressBits or > Flavour.MaxAddressBits || bits % 8 != 0)
        {
            throw Failure.Argument(
                $"{HeapOptions}.address_bits is {bits}; it must be a multiple of 8 from {Flavour.MinAddressBits} to " +
                $"{Flavour.MaxAddressBits}");
        }

        const uint AllBugs = (uint)sp2_bug_compat.SP2_BUG_COMPAT_PYSPEAD_0_5_2;
        if ((options.bug_compat & ~AllBugs) != 0)
        {
            throw Failure.Argument(
                $"{HeapOptions}.bug_compat is 0x{options.bug_compat:x}, but only the bits of 0x{AllBugs:x} exist");
        }

        bool repeat = (options.flags & (uint)sp2_send_heap_flags.SP2_SEND_REPEAT_POINTERS) != 0;
        return new(new((int)bits, repeat, ToDialect(dialects)), new((int)bits, (BugCompat)options.bug_compat));
    }

    private static SendDialect ToDialect(uint flag) => (sp2_send_heap_flags)flag switch
    {
        sp2_send_heap_flags.SP2_SEND_SKA_LOW_SPS => SendDialect.SkaLowSps,
        sp2_send_heap_flags.SP2_SEND_SKA_LOW_ANTENNA_BUFFER => SendDialect.SkaLowAntennaBuffer,
        sp2_send_heap_flags.SP2_SEND_PYSPEAD => SendDialect.PySpead,
        sp2_send_heap_flags.SP2_SEND_DATAGRAM_IS_HEAP => SendDialect.DatagramIsHeap,
        _ => SendDialect.None,
    };

    private static void CheckWords(in sp2_send_stream_options options)
    {
        if (options.flags != 0)
        {
            throw Failure.UnknownFlags(Options, options.flags);
        }

        if (options.log_level > (uint)sp2_log_level.SP2_LOG_NONE)
        {
            throw Failure.Argument($"{Options}.log_level is {options.log_level}, which is no sp2_log_level");
        }

        if (options.reserved != 0)
        {
            throw Failure.Reserved(Options, options.reserved);
        }
    }

    private static void CheckSizes(in sp2_send_stream_options options)
    {
        if (options.max_heaps > NativeMethods.SP2_SEND_MAX_HEAPS)
        {
            throw Failure.Argument(
                $"{Options}.max_heaps is {options.max_heaps}; at most {NativeMethods.SP2_SEND_MAX_HEAPS} are allowed");
        }

        if (options.max_packet_size < NativeMethods.SP2_SEND_LEAST_MAX_PACKET_SIZE)
        {
            throw Failure.Argument(
                $"{Options}.max_packet_size is {options.max_packet_size}; it must be at least " +
                $"{NativeMethods.SP2_SEND_LEAST_MAX_PACKET_SIZE}");
        }

        if (options.max_packet_size > NativeMethods.SP2_SEND_LARGEST_MAX_PACKET_SIZE)
        {
            throw Failure.Argument(
                $"{Options}.max_packet_size is {options.max_packet_size}; no writer carries more than " +
                $"{NativeMethods.SP2_SEND_LARGEST_MAX_PACKET_SIZE} bytes");
        }
    }

    private static void CheckRate(in sp2_send_stream_options options)
    {
        if (!(double.IsFinite(options.rate) && options.rate >= 0))
        {
            throw Failure.Argument($"{Options}.rate is {options.rate}; it must be 0 or more bytes per second");
        }

        if (!(double.IsFinite(options.burst_rate_ratio) && options.burst_rate_ratio >= 1))
        {
            throw Failure.Argument(
                $"{Options}.burst_rate_ratio is {options.burst_rate_ratio}; it must be at least 1");
        }

        if (options.pacing > (uint)sp2_pacing.SP2_PACING_PACKETS)
        {
            throw Failure.Argument($"{Options}.pacing is {options.pacing}, which is no sp2_pacing");
        }

        if (options.pacing != (uint)sp2_pacing.SP2_PACING_BURSTS && options.rate == 0)
        {
            throw Failure.Argument($"{Options}.pacing spaces packets by the rate, which is 0; set a rate");
        }
    }
}
