// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Tools.Diagnosis;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>What the kernel counts of datagrams that no socket got, for the whole machine; zeros where it does not say.</summary>
/// <param name="WrongChecksums">Datagrams with a wrong UDP checksum.</param>
/// <param name="NobodyListens">Datagrams for ports that no socket is bound to.</param>
/// <param name="FullBuffers">Messages that found the buffer of their socket full.</param>
/// <param name="ReversePath">Packets from senders that are not reached by the interface that they came from.</param>
internal sealed record KernelCounters(long WrongChecksums, long NobodyListens, long FullBuffers, long ReversePath)
{
    /// <summary>What makes a sender's checksums right.</summary>
    public const string ChecksumCure = "ethtool -K IFACE tx off (on the sender)";

    /// <summary>What gives sockets room.</summary>
    public const string BufferCure = "sysctl -w net.core.rmem_max=67108864 (and leave --buffer-size)";

    /// <summary>What shows the filters of sockets.</summary>
    public const string FilterCure = "ss -0 -nupb";

    private readonly long _time = Stopwatch.GetTimestamp();

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

    /// <summary>What has happened since then; nothing if the kernel has dropped nothing.</summary>
    /// <param name="then">The counters before.</param>
    /// <param name="devices">The machine's interfaces.</param>
    /// <param name="files">What the kernel says.</param>
    public IEnumerable<Finding> Since(KernelCounters then, IReadOnlyList<NetworkDevice> devices, SystemFiles files)
    {
        ArgumentNullException.ThrowIfNull(then);
        (long Count, string Code, string Text, string Cure)[] causes =
        [
            (WrongChecksums - then.WrongChecksums, "checksum", "datagrams had a wrong UDP checksum: the sender made it, or "
                + "its card did.", ChecksumCure),
            (NobodyListens - then.NobodyListens, "nobody", "datagrams came for ports that nobody has: compare the sender's port.",
                "tcpdump -c 5 -ni any udp"),
            (FullBuffers - then.FullBuffers, "full-buffer", "messages found a full socket buffer.",
                BufferCure),
            (Filtered - then.Filtered, "filtered",
                "messages were refused by a filter of their socket, or by a security policy.", FilterCure),
            (ReversePath - then.ReversePath, "reverse-path", "packets came from senders without a route back (rp_filter).",
                Diagnosis.ReversePath.CureOf(devices, files)),
        ];
        return causes.Where(cause => cause.Count > 0).Select(cause => new Finding(
            cause.Code, Tone.Bad, $"{then.Meanwhile}: {Readable.Number(cause.Count)} {cause.Text}", cause.Cure));
    }

    /// <summary>Since when, and where: the beginning of a sentence about what has happened since these counters.</summary>
    public string Meanwhile => string.Create(
        CultureInfo.InvariantCulture,
        $"In the last {Math.Max(1, Stopwatch.GetElapsedTime(_time).TotalSeconds):0} s, on this machine");
}
