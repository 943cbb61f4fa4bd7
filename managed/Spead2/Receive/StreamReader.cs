// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Spead2.Receive;

/// <summary>A stream as a channel. A stream that has been disposed is a channel that has ended.</summary>
internal sealed class StreamReader(ReceiveStreamBase stream) : ChannelReader<Heap>
{
    public override Task Completion => stream.CompletionOrEnd;

    public override bool CanCount => true;

    /// <summary>Heaps that can be read at this moment, at most as many as the ring holds.</summary>
    public override int Count => stream.CountUnlessDisposed();

    public override bool TryRead([MaybeNullWhen(false)] out Heap item) => stream.TryReadUnlessDisposed(out item);

    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
        stream.WaitUnlessDisposedAsync(cancellationToken);

    /// <summary>In line with the stream's other reads, unlike a loop over the two methods above.</summary>
    public override async ValueTask<Heap> ReadAsync(CancellationToken cancellationToken = default) =>
        await stream.ReadUnlessDisposedAsync(cancellationToken).ConfigureAwait(false) ?? throw new ChannelClosedException();
}
