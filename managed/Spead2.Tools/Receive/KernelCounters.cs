// SPDX-License-Identifier: MIT

using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Tools.Receive;

/// <summary>What the kernel counts of datagrams that no socket got, for the whole machine; zeros where it does not say.</summary>
/// <param name="WrongChecksums">Datagrams with a wrong UDP checksum.</param>
/// <param name="NobodyListens">Datagrams for ports that no socket is bound to.</param>
/// <param name="FullBuffers">Messages that found the buffer of their socket full.</param>
/// <param name="ReversePath">Packets from senders that are not reached by the interface that they came from.</param>
internal sealed record KernelCounters(long WrongChecksums, long NobodyListens, long FullBuffers, long ReversePath)
{
    /// <summary>Messages that a filter of their socket refused.</summary>
    public long Filtered { get; private init; }

    /// <summary>The counters now.</summary>
    public static KernelCounters Read()
    {
        KernelUdpCounters now = ManagedReceiveStream.ReadKernelCounters().GetValueOrDefault();
        return new(now.WrongChecksums, now.NobodyListens, now.FullBuffers, now.ReversePath) { Filtered = now.Filtered };
    }

    /// <summary>Why messages of the stream's sockets were dropped since then.</summary>
    public KernelDrops Explain(KernelCounters then, long messages)
    {
        ArgumentNullException.ThrowIfNull(then);
        return new KernelUdpCounters(
            0, FullBuffers - then.FullBuffers, WrongChecksums - then.WrongChecksums, Filtered - then.Filtered, 0, 0)
            .Explain(messages);
    }

    /// <summary>What has happened since then, in sentences; none if the kernel has dropped nothing.</summary>
    public IEnumerable<string> Since(KernelCounters then)
    {
        ArgumentNullException.ThrowIfNull(then);
        (long Count, string Text)[] causes =
        [
            (WrongChecksums - then.WrongChecksums, "datagrams had a wrong UDP checksum: look at the sender, or at offloading"),
            (NobodyListens - then.NobodyListens, "datagrams came for ports that nobody has: compare the sender's port"),
            (FullBuffers - then.FullBuffers, "messages found a full socket buffer: raise --buffer-size and net.core.rmem_max"),
            (Filtered - then.Filtered, "messages were refused by a filter of their socket, or by a security policy"),
            (ReversePath - then.ReversePath,
                "packets came from senders without a route back (rp_filter): sysctl -w net.ipv4.conf.all.rp_filter=2, "
                + "and the same for the interface"),
        ];
        return causes.Where(cause => cause.Count > 0)
            .Select(cause => $"{Output.Readable.Number(cause.Count)} {cause.Text}.");
    }
}
