// SPDX-License-Identifier: MIT

using Spead2.Chunks;
using Spead2.Soak.Sending;

namespace Spead2.Soak.Receiving;

/// <summary>Takes the chunks of a group on a thread of its own, and looks at each heap in them.</summary>
internal sealed class ChunkConsumer
{
    private readonly ChunkGroupBase _group;
    private readonly TimeSpan _pause;
    private readonly Task _task;
    private long _last = -1;

    /// <summary>Begins to take chunks.</summary>
    /// <param name="group">The group; when it has ended, taking ends.</param>
    /// <param name="pause">How long to keep each chunk.</param>
    public ChunkConsumer(ChunkGroupBase group, TimeSpan pause)
    {
        _group = group;
        _pause = pause;
        _task = Task.Factory.StartNew(TakeAll, TaskCreationOptions.LongRunning);
    }

    /// <summary>Chunks that were taken.</summary>
    public long Taken { get; private set; }

    /// <summary>Heaps that are present in them.</summary>
    public long Present { get; private set; }

    /// <summary>Those of them with another content than was sent.</summary>
    public long Wrong { get; private set; }

    /// <summary>Identifiers without a chunk.</summary>
    public long IdsSkipped { get; private set; }

    /// <summary>What is wrong with the sequence of chunks.</summary>
    public string? Fault { get; private set; }

    /// <summary>Waits until all chunks have been taken.</summary>
    /// <exception cref="TimeoutException">That takes too long.</exception>
    public void Join(TimeSpan deadline)
    {
        if (!_task.Wait(deadline))
        {
            throw new TimeoutException($"The consumer of chunks did not end within {deadline.TotalSeconds} s of the group's end.");
        }
    }

    private void TakeAll()
    {
        foreach (Chunk chunk in _group.ReadAll())
        {
            using (chunk)
            {
                if (_last >= 0 && chunk.Id != _last + 1 + chunk.IdsSkipped)
                {
                    Fault ??= $"chunk {chunk.Id} comes after {_last}, and says that {chunk.IdsSkipped} were skipped";
                }

                _last = chunk.Id;
                IdsSkipped += chunk.IdsSkipped;
                Taken++;
                Verify(chunk);
                if (_pause != TimeSpan.Zero)
                {
                    Thread.Sleep(_pause);
                }
            }
        }
    }

    private void Verify(Chunk chunk)
    {
        int rows = chunk.Present.Length / ChunkTraffic.HeapsPerChunk;
        for (int i = 0; i < chunk.Present.Length; i++)
        {
            if (chunk.Present[i] != 0)
            {
                Present++;
                long time = (chunk.Id * ChunkTraffic.HeapsPerChunk) + (i / rows);
                ReadOnlySpan<byte> heap = chunk.Data.Slice(i * ChunkTraffic.HeapSize, ChunkTraffic.HeapSize);
                Wrong += ChunkTraffic.IsRight(heap, time, i % rows) ? 0 : 1;
            }
        }
    }
}
