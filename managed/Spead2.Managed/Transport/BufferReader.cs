// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Packets back to back in memory. The whole buffer is one batch, in as many turns as it takes.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The memory is given up by Release.")]
internal sealed unsafe class BufferReader : Reader
{
    private readonly byte* _data;
    private readonly ulong _length;
    private readonly PinnedMemory? _memory;
    private ulong _position;

    /// <summary>Reads memory, which stays pinned until the stream is disposed.</summary>
    public BufferReader(StreamCore stream, ReadOnlyMemory<byte> packets)
        : base(stream)
    {
        _memory = new([packets]);
        _data = _memory.Address(0);
        _length = (ulong)packets.Length;
    }

    /// <summary>Reads memory that its owner keeps until the stream is destroyed.</summary>
    public BufferReader(StreamCore stream, byte* data, ulong length)
        : base(stream)
    {
        _data = data;
        _length = length;
    }

    private ReadOnlySpan<byte> Rest => new(_data + _position, (int)Math.Min(_length - _position, int.MaxValue));

    protected override ReaderTurn Turn()
    {
        Flow flow = Stream.Enter();
        try
        {
            // Whether the stream was stopped by someone else, before this reader's batch began.
            bool wasEnded = flow == Flow.Ended;
            flow = ReadPackets(flow);
            if (flow == Flow.Ended && (!wasEnded || BatchPackets != 0))
            {
                Stream.Intake.CountBatches(1, BatchPackets);
            }
        }
        finally
        {
            Stream.Leave();
        }

        return EndOfTurn(flow, ReaderTurn.More);
    }

    protected override void ReleaseSource() => _memory?.Dispose();

    private Flow ReadPackets(Flow flow)
    {
        ulong first = _position;
        long count = 0;
        while (flow == Flow.On && count < TurnPackets && _position - first < TurnBytes)
        {
            if (TryAddNext(ref flow))
            {
                count++;
            }
            else
            {
                Stream.Intake.EndSource();
                flow = Flow.Ended;
            }
        }

        BatchPackets += count;
        return flow;
    }

    /// <summary>Hands over the next packet; false if there is none.</summary>
    private bool TryAddNext(ref Flow flow)
    {
        if (_position == _length)
        {
            return false;
        }

        PacketFault fault = Stream.Intake.AddPacket(Rest, out int size, ref flow);
        if (fault != PacketFault.None)
        {
            Stream.Intake.AddMalformed(fault, _position);
            return false;
        }

        _position += (ulong)size;
        return true;
    }
}
