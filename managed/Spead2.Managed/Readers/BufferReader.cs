// SPDX-License-Identifier: MIT

using System.Buffers;

namespace Spead2.Managed;

/// <summary>Packets back to back in memory. The whole buffer is one batch, in as many turns as it takes.</summary>
internal sealed unsafe class BufferReader : Reader
{
    private readonly byte* _data;
    private readonly ulong _length;
    private MemoryHandle _pin;
    private ulong _position;

    /// <summary>Reads memory, which stays pinned until the stream is disposed.</summary>
    public BufferReader(StreamCore stream, ReadOnlyMemory<byte> packets)
        : this(stream, packets.Pin(), (ulong)packets.Length)
    {
    }

    /// <summary>Reads memory that is pinned, and unpins it in the end.</summary>
    public BufferReader(StreamCore stream, MemoryHandle pin, ulong length)
        : base(stream)
    {
        _pin = pin;
        _data = (byte*)pin.Pointer;
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

    protected override void ReleaseSource() => _pin.Dispose();

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
