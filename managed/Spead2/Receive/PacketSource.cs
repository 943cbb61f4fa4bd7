// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Spead2.Receive;

/// <summary>
/// One source of packets of a stream, as <see cref="IReceiveStream.Add"/> gives it: what it is bound to, what it has
/// received, and its end.
/// </summary>
/// <remarks>
/// <para>
/// The source belongs to its stream: one that nobody refers to goes on. A handle stays valid when the stream is
/// disposed; its statistics are the last ones then.
/// </para>
/// <para>Threads: any, at the same time.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public abstract class PacketSource : IDisposable
{
    internal PacketSource()
    {
    }

    /// <summary>Where packets come from.</summary>
    public abstract SourceKind Kind { get; }

    /// <summary>
    /// What the socket is bound to, with the port that the system chose if none was given; for a multicast group, its
    /// address. Null if there is no socket: a source in memory, and one that was added to a stream that had stopped.
    /// </summary>
    public abstract IPEndPoint? LocalEndPoint { get; }

    /// <summary>The multicast group that the socket has joined; null if there is none.</summary>
    public abstract IPAddress? Group { get; }

    /// <summary>
    /// The interface that the <see cref="Group"/> was joined on: its name where the system tells it, else its index or
    /// address. Null if there is no group, or if the system chose the interface.
    /// </summary>
    public abstract string? InterfaceName { get; }

    /// <summary>The port of <see cref="LocalEndPoint"/>; 0 if there is no socket.</summary>
    public int Port => LocalEndPoint?.Port ?? 0;

    /// <summary>
    /// The name of a dialect (<see cref="Dialect.Find"/>) that takes datagrams which this source has refused, by the
    /// first of them; null: none is known.
    /// </summary>
    public abstract string? SuggestedDialect { get; }

    /// <summary>What the source does at the moment.</summary>
    public abstract SourceState State { get; }

    /// <summary>
    /// A consistent copy of what the source has counted, as of the end of its latest slice. It never waits for the
    /// consumer.
    /// </summary>
    public abstract PacketSourceStatistics Statistics { get; }

    /// <summary>
    /// Removes the source from its stream and closes it for good. Heaps under assembly stay, and the stream goes on with
    /// its other sources, also if there are none. When this returns no packet is received from the source any more, and
    /// memory that it read is not needed. Removing it again, or a source that has ended, does nothing more.
    /// </summary>
    /// <remarks>
    /// Not to be called from an allocator, a packet copier, or the function that heaps are handed to.
    /// </remarks>
    public abstract void Remove();

    /// <summary>Removes the source, as <see cref="Remove"/> does.</summary>
    public void Dispose()
    {
        Remove();
        GC.SuppressFinalize(this);
    }

    /// <summary>The kind, the end point and the state, for example <c>Udp 127.0.0.1:8888, Running</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Kind}{(LocalEndPoint is { } endPoint ? $" {endPoint}" : "")}, {State}");
}
