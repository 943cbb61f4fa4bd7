// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A list of datagrams in memory. Each is a batch of its own.</summary>
internal sealed class DatagramReader(StreamCore stream, Datagrams datagrams) : Reader(stream)
{
    private long _position;

    protected override ReaderTurn Turn()
    {
        Flow flow = Stream.Enter();
        try
        {
            flow = ReadDatagrams(flow);
        }
        finally
        {
            Stream.Leave();
        }

        return EndOfTurn(flow, ReaderTurn.More);
    }

    protected override void ReleaseSource() => datagrams.Dispose();

    private Flow ReadDatagrams(Flow flow)
    {
        Intake intake = Stream.Intake;
        long packets = Stream.Tally[Statistic.Packets];
        long bytes = 0;
        int batches = 0;
        while (flow == Flow.On && batches < TurnPackets && bytes < TurnBytes)
        {
            if (_position == datagrams.Count)
            {
                intake.EndSource();
                flow = Flow.Ended;
            }
            else
            {
                ReadOnlySpan<byte> datagram = datagrams[_position++];
                flow = intake.AddDatagram(datagram);
                bytes += datagram.Length;
                batches++;
            }
        }

        intake.CountBatches(batches, Stream.Tally[Statistic.Packets] == packets ? 0 : 1);
        return flow;
    }
}
