// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Packets back to back in memory. The whole buffer is one batch, in as many slices as it takes.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The memory is given up by Release.")]
internal sealed unsafe class BufferSource : Source
{
    private readonly byte* _data;
    private readonly ulong _length;
    private readonly PinnedMemory? _memory;
    private ulong _position;

    /// <summary>Reads memory, which stays pinned until the source is released.</summary>
    public BufferSource(StreamCore stream, ReadOnlyMemory<byte> packets)
        : base(stream)
    {
        _memory = new([packets]);
        _data = _memory.Address(0);
        _length = (ulong)packets.Length;
    }

    /// <summary>Reads memory that its owner keeps until the source is released.</summary>
    public BufferSource(StreamCore stream, byte* data, ulong length)
        : base(stream)
    {
        _data = data;
        _length = length;
    }

    private ReadOnlySpan<byte> Rest => new(_data + _position, (int)Math.Min(_length - _position, int.MaxValue));

    protected override PollResult Poll()
    {
        PollResult result = Stream.Enter(this);
        try
        {
            // By someone else: what there is of this source's batch is counted when it is closed.
            bool wasEnded = result == PollResult.Ended;
            result = AddPackets(result);
            if (result == PollResult.Ended && !wasEnded)
            {
                Stream.Ingest.CountBatches(1, BatchPackets);
                BatchPackets = 0;
            }
        }
        finally
        {
            Stream.Leave();
        }

        return result;
    }

    protected override void ReleaseOrigin() => _memory?.Dispose();

    private PollResult AddPackets(PollResult result)
    {
        ulong first = _position;
        long count = 0;
        while (result == PollResult.More && count < SlicePackets && _position - first < SliceBytes)
        {
            if (_position == _length || !TryAddNext(ref result))
            {
                Stream.Ingest.EndSource();
                result = PollResult.Ended;
            }
            else if (result != PollResult.Yield)
            {
                count++;
            }
        }

        BatchPackets += count;
        Counters.Bytes += (long)(_position - first);
        return result;
    }

    /// <summary>Hands over the next packet; false if what stands there is none.</summary>
    private bool TryAddNext(ref PollResult result)
    {
        PacketFault fault = Stream.Ingest.AddPacket(Rest, out int size, ref result);
        if (fault != PacketFault.None)
        {
            Stream.Ingest.AddMalformed(Rest, fault, _position);
            return false;
        }

        if (result != PollResult.Yield)
        {
            _position += (ulong)size;
        }

        return true;
    }
}
