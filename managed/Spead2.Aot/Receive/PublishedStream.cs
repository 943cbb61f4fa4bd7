// SPDX-License-Identifier: MIT

using System.Runtime.Versioning;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Receive.Pages;

namespace Spead2.Aot;

/// <summary>A stream with its statistics page.</summary>
internal sealed class PublishedStream(StreamCore core, string name, long ringLimit) : IPublishedStream
{
    private readonly List<PacketSource> _sources = [];
    private StatisticsPage? _page;

    public string Name => name;

    public bool HasEnded => core.Ring is { Ring: var ring } ? ring.IsEnded && ring.IsEmpty
        : core.Member is null ? ((InlineSink)core.Sink).HasToldEnd
        : core.Flow.IsClosed;

    public IReadOnlyList<PacketSource> Sources
    {
        get
        {
            lock (_sources)
            {
                _sources.RemoveAll(source => source.State == SourceState.Removed);
                return [.. _sources];
            }
        }
    }

    public PublishedReading? ReadForPage() => new(core.Statistics, core.Ring?.Consumer.Count ?? 0, ringLimit);

    /// <summary>Makes the page. Once.</summary>
    [SupportedOSPlatform("linux")]
    public void Open() => _page = StatisticsPage.Open(this);

    /// <summary>Lists a source that is being added.</summary>
    public void Add(NativeSource source)
    {
        lock (_sources)
        {
            _sources.Add(new ManagedPacketSource((SourceKind)source.Kind, source.Source));
        }
    }

    /// <summary>Removes the page.</summary>
    public void Close() => _page?.Dispose();
}
