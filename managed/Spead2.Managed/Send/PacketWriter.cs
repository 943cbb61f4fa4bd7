// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>A packet on its way to a writer.</summary>
internal unsafe struct PacketOut
{
    /// <summary>Valid until the packet has been dealt with; those of the next packet of the batch follow them.</summary>
    public Piece* Pieces;

    public int PieceCount;

    /// <summary>Set by the writer: the system's number of why the packet was not sent, or 0.</summary>
    public int Error;

    /// <summary>The same as a status, where the system has no part in it.</summary>
    public Spead2Status Status;

    /// <summary>Of all pieces.</summary>
    public int Length;

    /// <summary>Of the writer's, from 0.</summary>
    public int Destination;

    /// <summary>Puts the pieces together.</summary>
    public readonly ReadOnlySpan<byte> Bytes(Span<byte> room)
    {
        if (PieceCount == 1)
        {
            return new(Pieces[0].Data, Length);
        }

        CopyTo(room);
        return room[..Length];
    }

    /// <summary>Copies the pieces, one behind the other.</summary>
    public readonly void CopyTo(Span<byte> room)
    {
        Span<byte> rest = room;
        for (int i = 0; i < PieceCount; i++)
        {
            ReadOnlySpan<byte> piece = new(Pieces[i].Data, (int)Pieces[i].Length);
            piece.CopyTo(rest);
            rest = rest[piece.Length..];
        }
    }
}

/// <summary>What a transport implements. It lives as long as its stream.</summary>
internal abstract class PacketWriter : IDisposable
{
    /// <summary>Number of substreams; the stream's first is <see cref="FirstSubstream"/>.</summary>
    public abstract int Destinations { get; }

    /// <summary>The largest packet that it can carry.</summary>
    public abstract int MaxPacketSize { get; }

    /// <summary>The stream's.</summary>
    public int FirstSubstream { get; set; }

    /// <summary>
    /// Hands over packets, in order, without waiting. Gives how many were dealt with: sent, or failed for good, which
    /// their error or status says. Fewer than there are: there is no room now. The stream's thread.
    /// </summary>
    public abstract int Write(Span<PacketOut> packets);

    /// <summary>Runs the task once, when there may be room again. Gives 0 or an error number. The stream's thread.</summary>
    public abstract int Arm(LoopTask task);

    /// <summary>The stream has ended: nothing new runs the task. Any thread, while the stream's is not in it.</summary>
    public virtual void Disarm()
    {
        // What runs once more finds that the stream has ended.
    }

    /// <summary>Ends it; any thread, while the stream's thread is not in it.</summary>
    public abstract void Dispose();
}
