// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Packets from a queue of this process. Each is a batch of its own.</summary>
internal sealed class InprocSource : Source
{
    private readonly InprocQueue _queue;

    private InprocSource(StreamCore stream, InprocQueue queue)
        : base(stream) => _queue = queue;

    /// <summary>Makes a source that reads from the queue.</summary>
    /// <exception cref="InvalidOperationException">Another source does.</exception>
    public static InprocSource Open(StreamCore stream, InprocQueue queue, DialectRules dialect)
    {
        InprocSource source = new(stream, queue) { Dialect = dialect };
        if (!queue.TryAttach(source))
        {
            source.Release();
            throw new InvalidOperationException("Another source reads from the queue.");
        }

        return source;
    }

    protected override PollResult Poll()
    {
        PollResult result = Stream.Enter(this);
        try
        {
            result = AddPackets(result);
        }
        finally
        {
            Stream.Leave();
        }

        if (result is not (PollResult.Idle or PollResult.Ended))
        {
            // Writers need not wait for the next slice.
            _queue.Settle();
        }

        return result;
    }

    protected override void CloseOrigin() => _queue.Detach(this, stop: !IsRemoved);

    private PollResult AddPackets(PollResult result)
    {
        Ingest ingest = Stream.Ingest;
        long packets = Stream.Tally[Statistic.Packets];
        long batches = 0;
        long bytes = 0;
        while (result == PollResult.More && batches < SlicePackets && bytes < SliceBytes)
        {
            if (!_queue.TryPeek(out ReadOnlySpan<byte> packet))
            {
                result = Settle();
                continue;
            }

            result = ingest.AddDatagram(packet);
            if (result != PollResult.Yield)
            {
                _queue.Take(packet.Length);
                batches++;
                bytes += packet.Length;
            }
        }

        Counters.Datagrams += batches;
        Counters.Bytes += bytes;
        ingest.CountBatches(batches, Stream.Tally[Statistic.Packets] == packets ? 0 : 1);
        return result;
    }

    private PollResult Settle()
    {
        switch (_queue.Settle())
        {
            case InprocQueue.State.Empty:
                return PollResult.Idle;
            case InprocQueue.State.Ended:
                Stream.Ingest.EndSource();
                return PollResult.Ended;
            default:
                return PollResult.More;
        }
    }
}
