// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>
/// A receiver of a host, as a keyed service by its name: what it has received so far. Threads: any.
/// </summary>
public sealed class Receiver
{
    private readonly ReceiveStreamFactory _factory;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private IReceiveStream? _stream;
    private StreamStatistics? _lastStatistics;
    private long _lastHeap;
    private long _heaps;

    internal Receiver(string name, ReceiverOptions options, ReceiveStreamFactory factory, ILogger logger, TimeProvider clock)
    {
        Name = name;
        Options = options;
        if (options.Stream.Name == new ReceiveStreamOptions().Name)
        {
            options.Stream.Name = name;
        }

        _factory = factory;
        _logger = logger;
        _clock = clock;
        _lastHeap = clock.GetTimestamp();
    }

    /// <summary>The name that it was added by.</summary>
    public string Name { get; }

    /// <summary>Whether a stream receives.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_gate)
            {
                return _stream is { IsCompleted: false };
            }
        }
    }

    /// <summary>Heaps that were handed over, of all streams.</summary>
    public long Heaps => Interlocked.Read(ref _heaps);

    /// <summary>How long ago the last heap was handed over; before the first one, since the receiver was made.</summary>
    public TimeSpan Silence => _clock.GetElapsedTime(Interlocked.Read(ref _lastHeap));

    /// <summary>The statistics of the stream that receives now, or received last; null before the first.</summary>
    public StreamStatistics? Statistics
    {
        get
        {
            lock (_gate)
            {
                return _stream?.Statistics ?? _lastStatistics;
            }
        }
    }

    /// <summary>
    /// What the stream that receives now has lost in its latest seconds (<see cref="IReceiveStream.LossSeconds"/>); none
    /// without a stream.
    /// </summary>
    public IReadOnlyList<LossSecond> LossSeconds
    {
        get
        {
            lock (_gate)
            {
                return _stream?.LossSeconds ?? [];
            }
        }
    }

    /// <summary>
    /// The sources of the stream that receives now, or received last, in the order of the options: UDP, TCP, captures. None
    /// before the first stream.
    /// </summary>
    public IReadOnlyList<PacketSource> Sources { get; private set; } = [];

    /// <summary>What it receives, and how.</summary>
    internal ReceiverOptions Options { get; }

    /// <summary>Makes a stream that receives.</summary>
    /// <exception cref="Spead2Exception">For example a port is in use.</exception>
    internal IReceiveStream Open()
    {
        IReceiveStream stream = _factory.CreateStream(Options.Stream, _logger);
        try
        {
            Sources = [.. Options.Sources().Select(stream.Add)];
            stream.Start();
        }
        catch
        {
            stream.Dispose();
            throw;
        }

        lock (_gate)
        {
            _stream = stream;
        }

        return stream;
    }

    /// <summary>Disposes the stream, whose sockets another one may need. Its statistics stay.</summary>
    internal void Close()
    {
        IReceiveStream? last;
        lock (_gate)
        {
            last = _stream;
            _lastStatistics = last?.Statistics ?? _lastStatistics;
            _stream = null;
        }

        last?.Dispose();
    }

    /// <summary>Counts a heap that is handed over.</summary>
    internal void Count()
    {
        Interlocked.Increment(ref _heaps);
        Interlocked.Exchange(ref _lastHeap, _clock.GetTimestamp());
    }
}
