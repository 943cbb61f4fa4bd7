// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// What the kernel has counted of UDP datagrams since it started, for IPv4 and IPv6 together: of all sockets of a network
/// namespace. The differences between two moments tell why datagrams did not arrive.
/// </summary>
/// <param name="Received">Datagrams that programs have received.</param>
/// <param name="FullBuffers">Messages that found the buffer of their socket full, or no memory.</param>
/// <param name="WrongChecksums">Messages with a wrong checksum.</param>
/// <param name="Filtered">Messages that their socket refused otherwise: by its filter, or a security policy.</param>
/// <param name="NobodyListens">Datagrams for ports that no socket is bound to.</param>
/// <param name="ReversePath">
/// Packets, not only of UDP, from senders that are not reached by the interface that they came from (rp_filter; IPv4).
/// </param>
public readonly record struct KernelUdpCounters(
    long Received, long FullBuffers, long WrongChecksums, long Filtered, long NobodyListens, long ReversePath)
{
    /// <summary>What has happened between two moments.</summary>
    public static KernelUdpCounters operator -(KernelUdpCounters after, KernelUdpCounters before) =>
        Subtract(after, before);

    /// <inheritdoc cref="op_Subtraction"/>
    public static KernelUdpCounters Subtract(KernelUdpCounters after, KernelUdpCounters before) => new(
        after.Received - before.Received,
        after.FullBuffers - before.FullBuffers,
        after.WrongChecksums - before.WrongChecksums,
        after.Filtered - before.Filtered,
        after.NobodyListens - before.NobodyListens,
        after.ReversePath - before.ReversePath);

    /// <summary>
    /// Why the kernel dropped messages of some sockets (<see cref="StreamStatistics.KernelDropMessages"/>) in the time that
    /// these counters are the difference of. The kernel counts the causes for all sockets, so that they have limits: exact
    /// where there was one cause, or where no other socket lost anything.
    /// </summary>
    /// <param name="messages">Messages that were dropped.</param>
    public KernelDrops Explain(long messages) => new(
        Range(FullBuffers, WrongChecksums + Filtered, messages),
        Range(WrongChecksums, FullBuffers + Filtered, messages),
        Range(Filtered, FullBuffers + WrongChecksums, messages));

    private static KernelDropRange Range(long count, long others, long messages) =>
        new(Math.Min(count, Math.Max(0, messages - others)), Math.Min(count, messages));
}

/// <summary>Why messages were dropped.</summary>
/// <param name="FullBuffers">They found a full socket buffer: the receiver is too slow, or the buffer too small.</param>
/// <param name="WrongChecksums">They had a wrong checksum: look at the sender, or at offloading.</param>
/// <param name="Filtered">A filter of the socket, or a security policy, refused them.</param>
public readonly record struct KernelDrops(
    KernelDropRange FullBuffers, KernelDropRange WrongChecksums, KernelDropRange Filtered);

/// <summary>How many messages were dropped for a cause.</summary>
/// <param name="Least">At least.</param>
/// <param name="Most">At most.</param>
public readonly record struct KernelDropRange(long Least, long Most);
