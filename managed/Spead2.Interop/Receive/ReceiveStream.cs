// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Spead2.Chunks;

namespace Spead2.Receive;

/// <summary>A stream of heaps that native code receives.</summary>
/// <inheritdoc cref="IReceiveStream" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
public sealed class ReceiveStream : ReceiveStreamBase
{
    private readonly ReceiveStreamHandle _handle;
    private readonly NativeLog _log;

    /// <summary>Makes a stream.</summary>
    /// <param name="options">Options; the defaults if left out.</param>
    /// <param name="logger">
    /// Receives the stream's messages, one at a time and in order, on threads of the .NET thread pool. Which levels are
    /// wanted is asked once. Without a logger, warnings go to standard error.
    /// </param>
    /// <param name="pool">
    /// Threads that receive the packets; one thread of its own if left out. The pool may be disposed before the stream.
    /// </param>
    /// <param name="onHeap">
    /// Takes every finished heap in place of consumers, and <c>null</c> once, at the end. It is called on threads that
    /// receive packets, or in <see cref="ReceiveStreamBase.Stop"/> and <see cref="ReceiveStreamBase.Dispose"/>; one call
    /// at a time, in the order in which the heaps were finished. While it runs, the source that finished the heap is not
    /// read. The heap is the function's to dispose. It may call anything of the stream; methods that read throw
    /// <see cref="InvalidOperationException"/>. What it throws is logged, and the next heap comes all the same. A stream
    /// that is forgotten does not call it any more, so keep a reference to the stream.
    /// </param>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    /// <exception cref="Spead2Exception">For example there is not enough memory.</exception>
    /// <exception cref="DllNotFoundException">The native library is missing or does not fit.</exception>
    public ReceiveStream(
        ReceiveStreamOptions? options = null,
        ILogger? logger = null,
        IoThreadPool? pool = null,
        Action<Heap?>? onHeap = null)
    {
        options ??= new();
        options.Validate();
        _log = new(logger);
        HeapFunction = onHeap is null ? null : new(onHeap);
        _handle = new(options, pool, _log, HeapFunction);
        ShowInMeter(options);
    }

    /// <summary>Makes a stream that places its heaps in the chunks of a group, by valid options.</summary>
    internal ReceiveStream(
        ReceiveStreamOptions options, ILogger? logger, IoThreadPool? pool, ChunkGroupHandle group, ChunkOptions chunks)
    {
        _log = new(logger);
        _handle = new(options, pool, _log, function: null, group, chunks);
        FillsChunks = true;
        ShowInMeter(options);
    }

    /// <summary>
    /// What the kernel has counted of UDP, in the network namespace of the calling thread, which takes some tens of
    /// microseconds.
    /// </summary>
    /// <returns><c>null</c> where the system does not tell: other systems than Linux.</returns>
    /// <exception cref="DllNotFoundException">The native library cannot be loaded.</exception>
    public static KernelUdpCounters? ReadKernelCounters() => ReceiveStreamHandle.ReadKernelCounters();

    /// <inheritdoc/>
    public override IReadOnlyList<RefusedDatagram> RefusedDatagrams
    {
        get
        {
            using HandleLease lease = Use();
            return [.. Enum.GetValues<RefusalCause>().Select(_handle.GetRefused).OfType<RefusedDatagram>()];
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossSecond> LossSeconds
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.GetLossSeconds();
        }
    }

    /// <inheritdoc/>
    public override bool StopOnStopItem
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.StopOnStopItem;
        }

        set
        {
            using HandleLease lease = Use();
            _handle.StopOnStopItem = value;
        }
    }

    /// <inheritdoc/>
    public override PacketCopier? PacketCopier
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.Payloads.Copier;
        }

        set
        {
            using HandleLease lease = Use();
            _handle.Payloads.Copier = value;
        }
    }

    internal override nint EngineFd
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.Fd;
        }
    }

    internal override MemoryAllocator? EngineAllocator
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.Payloads.Allocator;
        }

        set
        {
            using HandleLease lease = Use();
            _handle.Payloads.Allocator = value;
        }
    }

    internal override CopyMethod EngineCopyMethod
    {
        get
        {
            using HandleLease lease = Use();
            return _handle.Payloads.CopyMethod;
        }

        set
        {
            using HandleLease lease = Use();
            _handle.Payloads.CopyMethod = value;
        }
    }

    internal override ReadQueue<Heap>? Queue => _handle.Queue;

    internal override HeapFunction? HeapFunction { get; }

    internal override bool FillsChunks { get; }

    internal override StatisticNames StatisticNames => _handle.StatisticNames;

    /// <inheritdoc/>
    public override void Start()
    {
        using HandleLease lease = Use();
        _handle.Start();
    }

    internal override bool TryEnter() => !IsDisposed && _handle.TryLease();

    internal override void Exit() => _handle.DangerousRelease();

    internal override StreamStatistics ReadStatistics()
    {
        using HandleLease lease = new(_handle);
        return _handle.GetStatistics();
    }

    internal override PacketSource AddUdp(UdpSourceOptions options)
    {
        using HandleLease lease = Use();
        return _handle.AddUdp(options);
    }

    internal override PacketSource[] AddUdp(ReceiveStreamBase[] streams, UdpSourceOptions options)
    {
        List<HandleLease> leases = [];
        try
        {
            foreach (ReceiveStreamBase stream in streams)
            {
                leases.Add(((ReceiveStream)stream).Use());
            }

            return ReceiveStreamHandle.AddUdp([.. streams.Select(stream => ((ReceiveStream)stream)._handle)], options);
        }
        finally
        {
            leases.ForEach(lease => lease.Dispose());
        }
    }

    internal override PacketSource AddTcp(TcpSourceOptions options)
    {
        using HandleLease lease = Use();
        return _handle.AddTcp(options);
    }

    internal override PacketSource AddPcap(PcapSourceOptions options)
    {
        using HandleLease lease = Use();
        return _handle.AddPcap(options);
    }

    internal override PacketSource AddBuffer(BufferSourceOptions options)
    {
        using HandleLease lease = Use();
        return _handle.AddBuffer(options.Packets, options.Dialect);
    }

    internal override PacketSource AddDatagrams(DatagramSourceOptions options)
    {
        using HandleLease lease = Use();
        return _handle.AddDatagrams(options.Datagrams, options.Dialect);
    }

    internal override PacketSource AddInProcess(InProcessSourceOptions options)
    {
        using HandleLease lease = Use();
        return _handle.AddInProcess(options.Queue!.As<InProcessQueue>(nameof(options.Queue)), options.Dialect);
    }

    internal override void UpdateCustom(int index, long value)
    {
        using HandleLease lease = Use();
        _handle.UpdateCustom(index, value);
    }

    internal override void StopEngine()
    {
        using HandleLease lease = new(_handle);
        _handle.Stop();
    }

    internal override void DisposeEngine()
    {
        _handle.Dispose();
        _log.Flush();
    }

    private HandleLease Use()
    {
        ThrowIfDisposed();
        return new(_handle);
    }
}
