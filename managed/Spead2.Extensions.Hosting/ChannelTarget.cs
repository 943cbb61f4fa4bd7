// SPDX-License-Identifier: MIT

using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>Puts heaps into a channel, whose reader disposes them.</summary>
internal sealed partial class ChannelTarget(string receiver, int capacity, ILogger logger) : IHeapTarget
{
    private readonly Channel<Heap> _channel =
        Channel.CreateBounded<Heap>(new BoundedChannelOptions(capacity) { SingleWriter = true });

    private long _dropped;

    /// <summary>Where the heaps come out.</summary>
    public ChannelReader<Heap> Reader => _channel.Reader;

    public async ValueTask TakeAsync(Heap heap, CancellationToken stopping)
    {
        if (_channel.Writer.TryWrite(heap))
        {
            return;
        }

        try
        {
            await _channel.Writer.WriteAsync(heap, stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Nobody may read any more: waiting for that would hold up the end of the host.
            heap.Dispose();
            _dropped++;
        }
    }

    public void Complete()
    {
        _channel.Writer.TryComplete();
        if (_dropped != 0)
        {
            LogDropped(receiver, _dropped);
        }
    }

    [LoggerMessage(3, LogLevel.Warning, "{Receiver}: {Heaps} heaps were dropped when the host stopped, because nobody read them.")]
    private partial void LogDropped(string receiver, long heaps);
}
