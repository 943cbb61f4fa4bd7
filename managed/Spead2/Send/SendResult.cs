// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>What became of a heap, or of a group of heaps.</summary>
public readonly record struct SendResult
{
    /// <summary>
    /// <see cref="Spead2Status.Success"/> if every packet was handed over; else why the first one was not, or
    /// <see cref="Spead2Status.Stopped"/>.
    /// </summary>
    public Spead2Status Status { get; internal init; }

    /// <summary>The operating system's number behind the status, or 0.</summary>
    public int OsCode { get; internal init; }

    /// <summary>Bytes of the packets that were handed over, SPEAD headers included.</summary>
    public long Bytes { get; internal init; }

    /// <summary>Packets that were handed over.</summary>
    public long Packets { get; internal init; }

    /// <summary>Packets that were not.</summary>
    public long FailedPackets { get; internal init; }

    /// <summary>Whether every packet was handed over.</summary>
    public bool IsSuccess => Status == Spead2Status.Success;

    /// <summary>Throws if a packet was not handed over.</summary>
    /// <exception cref="Spead2Exception">It has <see cref="Status"/> and <see cref="OsCode"/>.</exception>
    public void ThrowIfFailed()
    {
        if (!IsSuccess)
        {
            throw new Spead2Exception(
                Status == Spead2Status.Stopped
                    ? "The stream or its queue was stopped before all packets of the heap were sent."
                    : $"{FailedPackets} packets of the heap could not be sent ({Status}, number {OsCode}).",
                Status,
                OsCode);
        }
    }

    /// <summary>Both together: the sums, and the first failure.</summary>
    internal SendResult Plus(in SendResult next) => new()
    {
        Status = IsSuccess ? next.Status : Status,
        OsCode = IsSuccess ? next.OsCode : OsCode,
        Bytes = Bytes + next.Bytes,
        Packets = Packets + next.Packets,
        FailedPackets = FailedPackets + next.FailedPackets,
    };
}

/// <summary>Who is told what became of a group. Called once, on the stream's thread, without a lock.</summary>
internal interface ISendCompletion
{
    /// <summary>Must not throw.</summary>
    void Complete(in SendResult result);
}
