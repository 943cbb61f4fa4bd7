// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using Spead2.Receive;

namespace Spead2.Send;

/// <summary>
/// Options of a send stream. They are checked and read once, when the stream is made; they may be reused and changed
/// afterwards.
/// </summary>
/// <remarks>
/// They can be bound from configuration, but for <see cref="Flavour"/>, and validated by data annotations or
/// <see cref="Validate"/>.
/// </remarks>
public sealed class SendStreamOptions : IValidatableObject
{
    /// <summary>Default of <see cref="MaxHeaps"/>.</summary>
    public const int DefaultMaxHeaps = 4;

    /// <summary>Largest <see cref="MaxHeaps"/>: their table is allocated at once.</summary>
    public const int LargestMaxHeaps = 1 << 24;

    /// <summary>Largest <see cref="MaxPacketSize"/>; writers may carry less.</summary>
    public const int LargestMaxPacketSize = 65535;

    /// <summary>Default of <see cref="BurstSize"/>: 64 KiB.</summary>
    public const long DefaultBurstSize = 65536;

    /// <summary>Default of <see cref="BurstRateRatio"/>.</summary>
    public const double DefaultBurstRateRatio = 1.05;

    /// <summary>
    /// What people call the stream: the label <c>stream</c> of its metrics (docs/metrics.md), where streams of one name add
    /// up. 1 to 64 printable ASCII characters.
    /// </summary>
    [Required]
    public string Name { get; set; } = StreamName.Default;

    /// <summary>Heaps that wait to be sent or are being sent. At least 1.</summary>
    [Range(1, LargestMaxHeaps)]
    public int MaxHeaps { get; set; } = DefaultMaxHeaps;

    /// <summary>
    /// Largest packet in bytes, rounded down to a multiple of 8. By default what a 1500-byte Ethernet frame carries over
    /// IPv4.
    /// </summary>
    [Range(PacketEncoder.SmallestMaxPacketSize, LargestMaxPacketSize)]
    public int MaxPacketSize { get; set; } = PacketEncoder.DefaultMaxPacketSize;

    /// <summary>
    /// Bytes of packets per second, all destinations together, without the headers of lower layers; 0 (the default): as
    /// fast as the writers take them.
    /// </summary>
    [Range(0, double.MaxValue)]
    public double Rate { get; set; }

    /// <summary>Bytes that may go out without a look at the clock. At least 1.</summary>
    [Range(1d, long.MaxValue)]
    public long BurstSize { get; set; } = DefaultBurstSize;

    /// <summary>How much faster than <see cref="Rate"/> a late stream catches up. At least 1.</summary>
    [Range(1, double.MaxValue)]
    public double BurstRateRatio { get; set; } = DefaultBurstRateRatio;

    /// <summary>How packets within a burst are spaced. Other than back to back needs a <see cref="Rate"/>.</summary>
    public Pacing Pacing { get; set; }

    /// <summary>Flavour that all heaps are sent with.</summary>
    public Flavour Flavour { get; set; }

    /// <summary>
    /// Whether every packet of a heap has all of its item pointers, so that a receiver knows the heap from any of them.
    /// The items of a heap must then fit one packet. By default each pointer is sent once.
    /// </summary>
    public bool RepeatPointers { get; set; }

    /// <summary>
    /// Which rule of SPEAD the packets break; by default none. Otherwise each heap must fit one packet.
    /// </summary>
    public SendDialect Dialect { get; set; }

    /// <summary>Checks the options, as the constructors of streams do.</summary>
    /// <exception cref="ArgumentException">An option breaks its rule; the message and the parameter name it.</exception>
    public void Validate() => OptionFault.Throw(Faults());

    /// <summary>All options that break their rules.</summary>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext) =>
        OptionFault.ToResults(Faults());

    private IEnumerable<OptionFault> Faults()
    {
        OptionFault[] faults =
        [
            .. StreamName.Faults(Name, nameof(Name)),
            .. OptionFault.Outside(MaxHeaps, 1, LargestMaxHeaps, nameof(MaxHeaps)),
            .. OptionFault.Outside(
                MaxPacketSize, PacketEncoder.SmallestMaxPacketSize, LargestMaxPacketSize, nameof(MaxPacketSize)),
            .. OptionFault.Outside(BurstSize, 1, long.MaxValue, nameof(BurstSize)),
        ];
        foreach (OptionFault fault in faults)
        {
            yield return fault;
        }

        if (!(double.IsFinite(Rate) && Rate >= 0))
        {
            yield return OptionFault.OutOfRange(
                nameof(Rate), Rate, $"{nameof(Rate)} must be 0 or more bytes per second.");
        }

        if (!(double.IsFinite(BurstRateRatio) && BurstRateRatio >= 1))
        {
            yield return OptionFault.OutOfRange(
                nameof(BurstRateRatio), BurstRateRatio, $"{nameof(BurstRateRatio)} must be at least 1.");
        }

        if (!Enum.IsDefined(Dialect))
        {
            yield return OptionFault.OutOfRange(
                nameof(Dialect), Dialect, $"{nameof(Dialect)} must be one of {string.Join(", ", Enum.GetNames<SendDialect>())}.");
        }

        if (!Enum.IsDefined(Pacing))
        {
            yield return OptionFault.OutOfRange(
                nameof(Pacing), Pacing, $"{nameof(Pacing)} must be {Pacing.Bursts} or {Pacing.Packets}.");
        }
        else if (Pacing != Pacing.Bursts && Rate == 0)
        {
            yield return OptionFault.Of(
                nameof(Pacing), $"{nameof(Pacing)} spaces packets by {nameof(Rate)}, which is 0; set a rate.");
        }
    }
}
