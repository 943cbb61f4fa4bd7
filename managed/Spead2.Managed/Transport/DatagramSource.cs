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
