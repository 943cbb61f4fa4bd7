// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>
/// Options of a receiver, as they stand in a section of the configuration. All can be bound by generated code. A host does not
/// start with options that break a rule.
/// </summary>
public sealed class ReceiverOptions : IValidatableObject
{
    /// <summary>
    /// The stream. Without a name of its own it gets the receiver's, and lost heaps are counted unless
    /// <see cref="ReceiveStreamOptions.Accounting"/> says otherwise.
    /// </summary>
    [ValidateObjectMembers]
    public ReceiveStreamOptions Stream { get; set; } = new() { Accounting = HeapAccounting.BySubstream };

    /// <summary>UDP ports and multicast groups that packets come from.</summary>
    [ValidateEnumeratedItems]
    public IList<UdpSourceOptions> Udp { get; set; } = [];

    /// <summary>TCP connections that packets come from.</summary>
    [ValidateEnumeratedItems]
    public IList<TcpSourceOptions> Tcp { get; set; } = [];

    /// <summary>Captures that packets come from.</summary>
    [ValidateEnumeratedItems]
    public IList<PcapSourceOptions> Pcap { get; set; } = [];

    /// <summary>What follows when the stream has ended by itself: after a stop item, or when its sources have ended.</summary>
    public StreamEnd AtEnd { get; set; }

    /// <summary>The health check fails if no heap has come for so long; null: it never does for that reason.</summary>
    public TimeSpan? MaxSilence { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The health check is degraded if more than this part of the heaps of the last minute was lost, from 0 to 1. It needs
    /// <see cref="ReceiveStreamOptions.Accounting"/> for heaps of which nothing arrived.
    /// </summary>
    public double MaxLoss { get; set; } = 0.001;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Udp.Count + Tcp.Count + Pcap.Count == 0)
        {
            yield return new ValidationResult(
                $"There is nothing to receive from: give {nameof(Udp)}, {nameof(Tcp)} or {nameof(Pcap)} a source.");
        }

        if (MaxSilence is { } silence && silence <= TimeSpan.Zero)
        {
            yield return new ValidationResult($"{nameof(MaxSilence)} must be more than 0, not {silence}.", [nameof(MaxSilence)]);
        }

        if (MaxLoss is not (>= 0 and <= 1))
        {
            yield return new ValidationResult($"{nameof(MaxLoss)} must be from 0 to 1, not {MaxLoss}.", [nameof(MaxLoss)]);
        }

        if (!Enum.IsDefined(AtEnd))
        {
            yield return new ValidationResult($"{nameof(AtEnd)} cannot be {AtEnd}.", [nameof(AtEnd)]);
        }
    }

    /// <summary>All sources.</summary>
    internal IEnumerable<PacketSourceOptions> Sources() => [.. Udp, .. Tcp, .. Pcap];
}
