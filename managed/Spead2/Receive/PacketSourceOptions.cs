// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;

namespace Spead2.Receive;

/// <summary>
/// Where the packets of a stream come from: what <see cref="IReceiveStream.Add"/> takes. Each transport has options of
/// its own: <see cref="UdpSourceOptions"/>, <see cref="TcpSourceOptions"/>, <see cref="PcapSourceOptions"/>, <see cref="InProcessSourceOptions"/>,
/// <see cref="BufferSourceOptions"/>, <see cref="DatagramSourceOptions"/>.
/// </summary>
/// <remarks>
/// Options are read once, when the source is added; they may be reused and changed afterwards. They can be bound
/// from configuration, also in programs that are trimmed or compiled ahead of time (with .NET's binding generator), and
/// validated by data annotations or <see cref="Validate"/>.
/// </remarks>
public abstract class PacketSourceOptions : IValidatableObject
{
    internal PacketSourceOptions()
    {
    }

    /// <summary>
    /// How packets are read that break a rule of SPEAD. Without a dialect they are refused. Not for TCP.
    /// </summary>
    public Dialect? Dialect { get; set; }

    /// <summary>Checks the options, as <see cref="IReceiveStream.Add"/> does.</summary>
    /// <exception cref="ArgumentException">An option breaks its rule; the message and the parameter name it.</exception>
    /// <exception cref="ObjectDisposedException">A socket is closed.</exception>
    public void Validate() => OptionFault.Throw(AllFaults());

    /// <summary>All options that break their rules.</summary>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext) =>
        OptionFault.ToResults(AllFaults());

    /// <summary>Adds a source to a stream, by options that are valid.</summary>
    internal abstract PacketSource AddTo(ReceiveStreamBase stream);

    /// <summary>The options of the transport that break their rules.</summary>
    internal abstract IEnumerable<OptionFault> Faults();

    private IEnumerable<OptionFault> AllFaults() => [.. Dialect?.Faults() ?? [], .. Faults()];
}
