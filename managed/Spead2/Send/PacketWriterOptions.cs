// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using Spead2.Receive;

namespace Spead2.Send;

/// <summary>
/// Where the packets of a stream go: what <see cref="ISendStream.Add"/> takes. Each transport has options of its own:
/// <see cref="UdpWriterOptions"/>, <see cref="InProcessWriterOptions"/>, <see cref="FunctionWriterOptions"/>.
/// </summary>
/// <remarks>Options are read once, when the writer is added; they may be reused and changed afterwards.</remarks>
public abstract class PacketWriterOptions : IValidatableObject
{
    internal PacketWriterOptions()
    {
    }

    /// <summary>Number of destinations, each of which is a substream of the stream.</summary>
    internal abstract int SubstreamCount { get; }

    /// <summary>Checks the options, as <see cref="ISendStream.Add"/> does.</summary>
    /// <exception cref="ArgumentException">An option breaks its rule; the message and the parameter name it.</exception>
    /// <exception cref="ObjectDisposedException">A socket is closed.</exception>
    public void Validate() => OptionFault.Throw(Faults());

    /// <summary>All options that break their rules.</summary>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext) =>
        OptionFault.ToResults(Faults());

    /// <summary>Adds a writer to a stream, by options that are valid.</summary>
    internal abstract void AddTo(SendStreamBase stream);

    /// <summary>The options that break their rules.</summary>
    internal abstract IEnumerable<OptionFault> Faults();
}
