// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A list of datagrams in memory. Each is a batch of its own.</summary>
internal sealed class DatagramSource(StreamCore stream, Datagrams datagrams) : Source(stream)
{
    private long _position;

    protected override PollResult Poll()
    {
        PollResult result = Stream.Enter(this);
        try
        {
            result = AddDatagrams(result);
        }
        finally
        {
            Stream.Leave();
        }

        return result;
    }

    protected override void ReleaseOrigin() => datagrams.Dispose();

    private PollResult AddDatagrams(PollResult result)
    {
        Ingest ingest = Stream.Ingest;
        long packets = Stream.Tally[Statistic.Packets];
        long first = _position;
        long bytes = 0;
        while (result == PollResult.More && _position - first < SlicePackets && bytes < SliceBytes)
        {
            if (_position == datagrams.Count)
            {
                ingest.EndSource();
                result = PollResult.Ended;
                break;
            }

            ReadOnlySpan<byte> datagram = datagrams[_position];
            result = ingest.AddDatagram(datagram);
            if (result != PollResult.Yield)
            {
                _position++;
                bytes += datagram.Length;
            }
        }

        Counters.Datagrams += _position - first;
        Counters.Bytes += bytes;
        ingest.CountBatches(_position - first, Stream.Tally[Statistic.Packets] == packets ? 0 : 1);
        return result;
    }
}

/// <summary>Datagrams in memory that does not move until they are disposed.</summary>
internal abstract class Datagrams : IDisposable
{
    /// <summary>Number of datagrams.</summary>
    public abstract long Count { get; }

    public abstract ReadOnlySpan<byte> this[long index] { get; }

    /// <summary>Gives the memory up. Once.</summary>
    public abstract void Dispose();
}

/// <summary>Datagrams that are pinned.</summary>
internal sealed unsafe class PinnedDatagrams(IReadOnlyList<ReadOnlyMemory<byte>> datagrams) : Datagrams
{
    private readonly PinnedMemory _memory = new(datagrams);

    public override long Count => _memory.Count;

    public override ReadOnlySpan<byte> this[long index] => new(_memory.Address((int)index), _memory.Length((int)index));

    public override void Dispose() => _memory.Dispose();
}
