// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>The functions of udp.h about what the kernel counts.</summary>
internal static unsafe class KernelExports
{
    [UnmanagedCallersOnly(EntryPoint = "sp2_get_kernel_udp_counters")]
    public static int GetUdpCounters(sp2_kernel_udp_counters* counters)
    {
        const string Function = "sp2_get_kernel_udp_counters";
        try
        {
            if (counters is null)
            {
                throw Failure.Null(Function, "counters");
            }

            KernelUdpCounters? read = ManagedReceiveStream.ReadKernelCounters();
            KernelUdpCounters now = read.GetValueOrDefault();
            sp2_kernel_udp_counters known = new()
            {
                received = (ulong)now.Received,
                full_buffers = (ulong)now.FullBuffers,
                wrong_checksums = (ulong)now.WrongChecksums,
                filtered = (ulong)now.Filtered,
                nobody_listens = (ulong)now.NobodyListens,
                reverse_path = (ulong)now.ReversePath,
            };
            Sized.Write(counters, known, nameof(sp2_kernel_udp_counters));
            return read is not null
                ? (int)sp2_status.SP2_OK
                : throw new Spead2Exception(
                    "this system does not tell what its kernel counts of UDP", Spead2Status.NotSupported);
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "sp2_explain_kernel_drops")]
    public static int ExplainDrops(
        sp2_kernel_udp_counters* before, sp2_kernel_udp_counters* after, ulong messages, sp2_kernel_drops* drops)
    {
        const string Function = "sp2_explain_kernel_drops";
        try
        {
            if (before is null || after is null || drops is null)
            {
                throw Failure.Null(Function, before is null ? "before" : after is null ? "after" : "drops");
            }

            KernelDrops explained = (FromNative(after) - FromNative(before)).Explain((long)messages);
            sp2_kernel_drops known = new()
            {
                full_buffers_least = (ulong)explained.FullBuffers.Least,
                full_buffers_most = (ulong)explained.FullBuffers.Most,
                wrong_checksums_least = (ulong)explained.WrongChecksums.Least,
                wrong_checksums_most = (ulong)explained.WrongChecksums.Most,
                filtered_least = (ulong)explained.Filtered.Least,
                filtered_most = (ulong)explained.Filtered.Most,
            };
            Sized.Write(drops, known, nameof(sp2_kernel_drops));
            return (int)sp2_status.SP2_OK;
        }
        catch (Exception exception)
        {
            return LastError.Set(exception);
        }
    }

    private static KernelUdpCounters FromNative(sp2_kernel_udp_counters* counters) => new(
        (long)counters->received,
        (long)counters->full_buffers,
        (long)counters->wrong_checksums,
        (long)counters->filtered,
        (long)counters->nobody_listens,
        (long)counters->reverse_path);
}
