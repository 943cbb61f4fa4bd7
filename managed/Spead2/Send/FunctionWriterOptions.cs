// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using Spead2.Receive;

namespace Spead2.Send;

/// <summary>Receives one packet, whose bytes are valid during the call.</summary>
/// <param name="substream">Which destination of the stream it is for.</param>
/// <param name="packet">The packet.</param>
public delegate void PacketFunction(int substream, ReadOnlySpan<byte> packet);

/// <summary>Packets to a function: for files, for other networks, for tests.</summary>
public sealed class FunctionWriterOptions : PacketWriterOptions
{
    /// <summary>Makes options without a function.</summary>
    public FunctionWriterOptions()
    {
    }

    /// <summary>Makes options with a function.</summary>
    /// <param name="function">See <see cref="Function"/>.</param>
    public FunctionWriterOptions(PacketFunction function) => Function = function;

    /// <summary>
    /// Called on the stream's thread, one packet at a time. If it throws, the packet counts as not sent, its heap is
    /// completed with <see cref="Spead2Status.OperatingSystem"/> and the exception's <see cref="Exception.HResult"/>, and
    /// the first of these exceptions is logged.
    /// </summary>
    [Required]
    public PacketFunction? Function { get; set; }

    /// <summary>How many substreams it serves. At least 1.</summary>
    [Range(1, int.MaxValue)]
    public int Substreams { get; set; } = 1;

    internal override int SubstreamCount => Substreams;

    internal override void AddTo(SendStreamBase stream) => stream.AddFunction(this);

    internal override IEnumerable<OptionFault> Faults() =>
    [
        .. Function is null ? (OptionFault[])[OptionFault.Null(nameof(Function))] : [],
        .. OptionFault.Outside(Substreams, 1, int.MaxValue, nameof(Substreams)),
    ];
}

/// <summary>A user-supplied function that takes packets, as engines call it.</summary>
/// <param name="function">The function.</param>
/// <param name="failed">Is told of what it throws. Must not throw.</param>
internal sealed class PacketTaker(PacketFunction function, Action<Exception> failed)
{
    // Such functions that this thread is inside, of whichever streams.
    [ThreadStatic]
    private static int _depth;

    /// <summary>Whether this thread is inside such a function: a stream that is freed here could wait for itself.</summary>
    public static bool RunsOnThisThread => _depth != 0;

    /// <summary>Hands a packet over; gives 0, or the number of the error.</summary>
    public int Take(int substream, ReadOnlySpan<byte> packet)
    {
        _depth++;
        try
        {
            function(substream, packet);
            return 0;
        }
        catch (Exception exception)
        {
            failed(exception);
            return exception.HResult == 0 ? -1 : exception.HResult;
        }
        finally
        {
            _depth--;
        }
    }
}
