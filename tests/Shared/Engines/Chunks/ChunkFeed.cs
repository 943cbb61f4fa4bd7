// SPDX-License-Identifier: MIT

using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>A stream of a chunk group that gets packets one at a time.</summary>
internal sealed class ChunkFeed : IDisposable
{
    private readonly InProcessQueue _queue = new();
    private long _packets;

    public ChunkFeed(ChunkGroup group, long streamId = 0, int maxChunks = 0, long? origin = 0)
    {
        Stream = group.AddStream(
            new ChunkOptions { Layout = ChunkSettings.Layout(origin), StreamId = streamId, MaxChunks = maxChunks });
        Source = Stream.Add(new InProcessSourceOptions(_queue));
    }

    public ReceiveStreamBase Stream { get; }

    public PacketSource Source { get; }

    /// <summary>Hands a heap over, and waits until the stream has used it.</summary>
    public void Send(int number)
    {
        Post(number);
        Poll.Until(() => Stream.Statistics.Packets == _packets, $"used heap {number}");
    }

    /// <summary>Hands a heap over that cannot be placed yet, and waits until the stream waits.</summary>
    public void SendAndBlock(int number)
    {
        long before = Stream.Statistics.WorkerBlocked;
        Post(number);
        Poll.Until(() => Stream.Statistics.WorkerBlocked > before, $"blocked by heap {number}");
    }

    /// <summary>Hands a heap over.</summary>
    public void Post(int number)
    {
        Assert.That(_queue.TryAddPacket(ChunkHeap.Whole(number)), Is.True);
        _packets++;
    }

    /// <summary>Waits until all heaps have been used.</summary>
    public void Settle() => Poll.Until(() => Stream.Statistics.Packets == _packets, "used all heaps");

    /// <summary>The sender has no more.</summary>
    public void End()
    {
        _queue.Stop();
        Poll.Until(() => Stream.IsCompleted, "ended");
    }

    public void Dispose()
    {
        Stream.Dispose();
        _queue.Dispose();
    }
}
