// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Soak.Sending;
using Spead2.Tools;

namespace Spead2.Soak.Receiving;

/// <summary>Takes the heaps of a stream on a thread of its own, in one of several ways, and looks at each.</summary>
internal sealed class Consumer
{
    private const int Ways = 4;
    private const int BatchSize = 8;
    private const int HeapsPerPause = 16;

    private readonly IReceiveStream _stream;
    private readonly int _way;
    private readonly TimeSpan _pause;
    private readonly Task _task;

    /// <summary>Begins to take heaps.</summary>
    /// <param name="stream">The stream; when it has stopped, taking ends.</param>
    /// <param name="way">Which way; any number.</param>
    /// <param name="pause">How long to keep some of the heaps; not at all if zero.</param>
    public Consumer(IReceiveStream stream, int way, TimeSpan pause)
    {
        _stream = stream;
        _way = way % Ways;
        _pause = pause;
        _task = Task.Factory.StartNew(TakeAllAsync, TaskCreationOptions.LongRunning).Unwrap();
    }

    /// <summary>Heaps of known length that arrived in full.</summary>
    public long Complete { get; private set; }

    /// <summary>Heaps without a length, or with gaps.</summary>
    public long Incomplete { get; private set; }

    /// <summary>Complete heaps of honest senders with the right content.</summary>
    public long Right { get; private set; }

    /// <summary>Those with another content.</summary>
    public long Wrong { get; private set; }

    /// <summary>Of the right ones those of odd cnt.</summary>
    public long RightOdd { get; private set; }

    /// <summary>Payload bytes of all heaps.</summary>
    public long Bytes { get; private set; }

    /// <summary>Waits until the stream has stopped and all heaps have been taken.</summary>
    /// <exception cref="TimeoutException">That takes too long.</exception>
    public void Join(TimeSpan deadline)
    {
        if (!_task.Wait(deadline))
        {
            throw new TimeoutException(
                $"The reader of heaps (way {_way}) did not end within {deadline.TotalSeconds} s of the stream's stop.");
        }
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"way {_way}, pause {_pause}, {_task.Status}{_task.Exception?.InnerException}";

    private async Task TakeAllAsync()
    {
        switch (_way)
        {
            case 0:
                TakeBlocking();
                break;
            case 1:
                TakeBatches();
                break;
            case 2:
                await foreach (Heap heap in _stream.ReadAllAsync().ConfigureAwait(false))
                {
                    Take(heap);
                }

                break;
            default:
                while (await _stream.WaitToReadAsync().ConfigureAwait(false))
                {
                    while (_stream.TryRead(out Heap? heap))
                    {
                        Take(heap);
                    }
                }

                break;
        }
    }

    private void TakeBlocking()
    {
        try
        {
            while (true)
            {
                Take(_stream.Read());
            }
        }
        catch (StreamStoppedException)
        {
            // That is the end.
        }
    }

    private void TakeBatches()
    {
        Heap[] heaps = new Heap[BatchSize];
        while (!_stream.IsCompleted)
        {
            int count = _stream.TryReadBatch(heaps);
            if (count == 0 && _stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
            {
                heaps[count++] = heap;
            }

            Array.ForEach(heaps[..count], Take);
        }
    }

    private void Take(Heap heap)
    {
        using (heap)
        {
            Bytes += heap.ReceivedLength;
            if (!heap.IsComplete)
            {
                Incomplete++;
            }
            else
            {
                Complete++;
                if (Cnts.IsHonest(heap.Cnt))
                {
                    Verify(heap);
                }
            }

            if (_pause != TimeSpan.Zero && (Complete + Incomplete) % HeapsPerPause == 0)
            {
                Thread.Sleep(_pause);
            }
        }
    }

    private void Verify(Heap heap)
    {
        RawItem item = heap.Items.FirstOrDefault(item => item.Id == HeapContent.DataId && !item.IsImmediate);
        if (heap.Items.Length == 1 && HeapContent.IsRight(item.Bytes.Span, heap.Cnt))
        {
            Right++;
            RightOdd += (long)(heap.Cnt % 2);
        }
        else
        {
            Wrong++;
        }
    }
}
