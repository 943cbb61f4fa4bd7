// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>
/// A stream whose heaps are placed in chunks (spead2: <c>ChunkRingStream</c>): a group of its own with one stream.
/// </summary>
/// <inheritdoc cref="ChunkReaderBase" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
public abstract class ChunkStreamBase : ChunkReaderBase
{
    private protected ChunkStreamBase(
        Func<ChunkGroupOptions, ChunkEngine> make,
        ChunkGroupOptions group,
        ChunkOptions chunks,
        ReceiveStreamOptions? options,
        ILogger? logger,
        IoThreadPool? pool)
        : base(make(Check(group, chunks, options)))
    {
        try
        {
            Stream = MakeStream(chunks, options, logger, pool);
        }
        catch
        {
            Engine.Stop(drain: false);
            Engine.Free();
            throw;
        }
    }

    /// <summary>
    /// The stream that places the heaps: its packet sources, statistics and settings. Its heaps cannot be read. It is disposed
    /// with this object.
    /// </summary>
    public ReceiveStreamBase Stream { get; }

    /// <inheritdoc cref="IReceiveStream.Statistics"/>
    public StreamStatistics Statistics => Stream.Statistics;

    /// <inheritdoc cref="IReceiveStream.Add"/>
    public PacketSource Add(PacketSourceOptions options) => Stream.Add(options);

    /// <inheritdoc cref="IReceiveStream.Start"/>
    public void Start() => Stream.Start();

    private protected override void DisposeStreams() => Stream.Dispose();

    /// <summary>Checks all options before anything is made.</summary>
    private static ChunkGroupOptions Check(ChunkGroupOptions group, ChunkOptions chunks, ReceiveStreamOptions? options)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(chunks);
        group.Validate();
        if (group.Members != 1)
        {
            throw new ArgumentException($"{nameof(group.Members)} of a chunk stream must be 1.", nameof(group));
        }

        chunks.Validate(group);
        options?.Validate();
        return group;
    }
}
