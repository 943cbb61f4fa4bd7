// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>A stream of heaps that is received without native code.</summary>
/// <inheritdoc cref="IReceiveStream" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
public sealed class ManagedReceiveStream : ReceiveStreamBase
{
    private readonly StreamCore _core;

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
    public ManagedReceiveStream(
        ReceiveStreamOptions? options = null,
        ILogger? logger = null,
        IoThreadPool? pool = null,
        Action<Heap?>? onHeap = null)
    {
        options ??= new();
        options.Validate();
        HeapFunction? function = onHeap is null ? null : new(onHeap);
        HeapFunction = function;
        IoThreads threads = pool is null ? ManagedIoThreads.NewThreads() : ManagedIoThreads.RetainOf(pool);
        _core = MakeCore(
            threads,
            () => new(
                options,
                threads,
                EngineLog.For(logger),
                function is null ? null : heap => function.Call(heap is null ? null : ManagedHeap.Own(heap))));
        ShowInMeter(options);
    }

    /// <summary>Makes a stream that places its heaps in chunks, by valid options.</summary>
    internal ManagedReceiveStream(
        ReceiveStreamOptions options, ILogger? logger, IoThreadPool? pool, ChunkMembership chunks)
    {
        IoThreads threads = pool is null ? ManagedIoThreads.NewThreads() : ManagedIoThreads.RetainOf(pool);
        _core = MakeCore(threads, () => new(options, threads, EngineLog.For(logger), chunks: chunks));
        ShowInMeter(options);
    }

    /// <summary>Frees a stream that was never disposed.</summary>
    ~ManagedReceiveStream()
    {
        // Null if the constructor failed.
        if (_core is not null)
        {
            // The user's code has no place on the finalizer's thread.
            HeapFunction?.Forget();
            _core.Release(wait: false);
            ExchangeMemory(null)?.EndUse(wait: false);
        }
    }

    /// <summary>
    /// What the kernel has counted of UDP, in the network namespace of the calling thread, which takes some tens of
    /// microseconds.
    /// </summary>
    /// <returns><c>null</c> where the system does not tell: other systems than Linux.</returns>
    public static KernelUdpCounters? ReadKernelCounters() => KernelCountersFile.Read();

    /// <inheritdoc/>
    public override IReadOnlyList<RefusedDatagram> RefusedDatagrams
    {
        get
        {
            ThrowIfDisposed();
            return [.. Enum.GetValues<RefusalCause>().Select(_core.Refused.Find).OfType<RefusedDatagram>()];
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossSecond> LossSeconds
    {
        get
        {
            ThrowIfDisposed();
            return _core.ReadLossSeconds();
        }
    }

    /// <inheritdoc/>
    public override bool StopOnStopItem
    {
        get => Locked(static core => core.StopOnStopItem);
        set => Locked(value, static (core, value) => core.StopOnStopItem = value);
    }

    /// <inheritdoc/>
    public override PacketCopier? PacketCopier
    {
        get => Locked(static core => core.Copy.User);
        set => Locked(value, static (core, value) => core.Copy.User = value);
    }

    internal override nint EngineFd
    {
        get
        {
            using StreamLease lease = Use();
            return _core.Ring!.ReadyHandle.Open();
        }
    }

    internal override MemoryAllocator? EngineAllocator
    {
        get => Locked(static core => core.Ingest.Memory?.Allocator);
        set
        {
            if (value?.IsNative == true)
            {
                throw new ArgumentException(
                    $"{value.GetType().Name} works with streams that native code receives only.", nameof(value));
            }

            ThrowIfDisposed();
            value?.BeginUse();
            ExchangeMemory(value is null ? null : new PayloadMemory(value, _core.Log, _core.Tally.CustomBatch))?.EndUse(wait: true);
        }
    }

    internal override CopyMethod EngineCopyMethod
    {
        get => Locked(static core => core.Copy.Method);
        set => Locked(value, static (core, value) => core.Copy.Method = value);
    }

    internal override ReadQueue<Heap>? Queue => _core.Queue;

    internal override HeapFunction? HeapFunction { get; }

    internal override bool FillsChunks => _core.Member is not null;

    internal override StatisticNames StatisticNames => _core.StatisticNames;

    /// <inheritdoc/>
    public override void Start()
    {
        using StreamLease lease = Use();
        _core.Start();
    }

    internal override bool TryEnter() => !IsDisposed;

    internal override void Exit() => GC.KeepAlive(this);

    internal override StreamStatistics ReadStatistics() => _core.Statistics;

    internal override PacketSource AddUdp(UdpSourceOptions options)
    {
        using StreamLease lease = Use();
        _core.ThrowIfStarted();
        if (_core.Flow.IsClosed)
        {
            return new ManagedPacketSource(SourceKind.Udp, null);
        }

        return new ManagedPacketSource(SourceKind.Udp, UdpSource.Add(_core, options, UdpFieldNames.DotNet));
    }

    internal override PacketSource[] AddUdp(ReceiveStreamBase[] streams, UdpSourceOptions options)
    {
        StreamCore[] cores = [.. streams.Select(stream => ((ManagedReceiveStream)stream)._core)];
        List<StreamLease> leases = [];
        try
        {
            foreach (ReceiveStreamBase stream in streams)
            {
                leases.Add(((ManagedReceiveStream)stream).Use());
            }

            foreach (StreamCore core in cores)
            {
                core.ThrowIfStarted();
            }

            UdpSource[] sources = UdpSource.Add(cores, options, UdpFieldNames.DotNet);
            return [.. sources.Select(source => new ManagedPacketSource(SourceKind.Udp, source))];
        }
        finally
        {
            leases.ForEach(lease => lease.Dispose());
        }
    }

    internal override PacketSource AddTcp(TcpSourceOptions options)
    {
        using StreamLease lease = Use();
        _core.ThrowIfStarted();
        return new ManagedPacketSource(
            SourceKind.Tcp, _core.Flow.IsClosed ? null : TcpSource.Add(_core, options, string.Empty));
    }

    internal override PacketSource AddPcap(PcapSourceOptions options)
    {
        using StreamLease lease = Use();
        _core.ThrowIfStarted();
        return new ManagedPacketSource(
            SourceKind.Pcap, _core.Flow.IsClosed ? null : PcapSource.Add(_core, options, nameof(options.Path)));
    }

    internal override PacketSource AddBuffer(BufferSourceOptions options)
    {
        using StreamLease lease = Use();
        _core.ThrowIfStarted();
        return Add(SourceKind.Buffer, new BufferSource(_core, options.Packets) { Dialect = DialectRules.Of(options.Dialect) });
    }

    internal override PacketSource AddDatagrams(DatagramSourceOptions options)
    {
        using StreamLease lease = Use();
        _core.ThrowIfStarted();
        return Add(
            SourceKind.Datagrams,
            new DatagramSource(_core, new PinnedDatagrams(options.Datagrams)) { Dialect = DialectRules.Of(options.Dialect) });
    }

    internal override PacketSource AddInProcess(InProcessSourceOptions options)
    {
        using StreamLease lease = Use();
        _core.ThrowIfStarted();
        InprocQueue queue = options.Queue!.As<ManagedInProcessQueue>(nameof(options.Queue)).Queue;
        return Add(SourceKind.InProcess, InprocSource.Open(_core, queue, DialectRules.Of(options.Dialect)));
    }

    internal override void UpdateCustom(int index, long value)
    {
        ThrowIfDisposed();
        _core.Tally.UpdateCustom(index, value);
    }

    internal override void StopEngine()
    {
        // Also in Dispose, which gives up the reference of the stream only afterwards.
        using StreamLease lease = new(_core);
        _core.Stop();
        _core.Queue?.OnReady();
    }

    internal override void DisposeEngine()
    {
        _core.Release(wait: true);
        ExchangeMemory(null)?.EndUse(wait: true);
    }

    /// <summary>Makes the stream's core; releases the threads if that fails.</summary>
    private static StreamCore MakeCore(IoThreads threads, Func<StreamCore> make)
    {
        try
        {
            return make();
        }
        catch (Exception exception)
        {
            // Also what a logger throws that is asked which levels it wants.
            threads.Release(wait: true);
            if (exception is OutOfMemoryException)
            {
                throw StatusException.NoMemory("a stream (MaxHeaps, Substreams and RingHeaps decide its size)");
            }

            throw;
        }
    }

    private ManagedPacketSource Add(SourceKind kind, Source source)
    {
        _core.Add(source);
        return new ManagedPacketSource(kind, source);
    }

    /// <summary>Sets where payloads live; gives the allocator that was set before.</summary>
    private MemoryAllocator? ExchangeMemory(PayloadMemory? memory)
    {
        lock (_core.Gate)
        {
            MemoryAllocator? old = _core.Ingest.Memory?.Allocator;
            _core.Ingest.Memory = memory;
            return old;
        }
    }

    /// <summary>Reads a setting that packet sources use.</summary>
    private T Locked<T>(Func<StreamCore, T> read)
    {
        ThrowIfDisposed();
        lock (_core.Gate)
        {
            return read(_core);
        }
    }

    /// <summary>Changes a setting between two slices of packet sources.</summary>
    private void Locked<T>(T value, Action<StreamCore, T> write)
    {
        ThrowIfDisposed();
        lock (_core.Gate)
        {
            write(_core, value);
        }
    }

    /// <summary>For calls that must not meet a stream that has been destroyed.</summary>
    private StreamLease Use()
    {
        ThrowIfDisposed();
        return new(_core);
    }
}

/// <summary>Keeps a stream from being destroyed during a call.</summary>
internal readonly struct StreamLease : IDisposable
{
    private readonly StreamCore _stream;

    /// <exception cref="ObjectDisposedException">The stream has been given up.</exception>
    public StreamLease(StreamCore stream)
    {
        ObjectDisposedException.ThrowIf(!stream.TryRetain(), typeof(ManagedReceiveStream));
        _stream = stream;
    }

    public void Dispose() => _stream.Release(wait: !HeapFunction.RunsOnThisThread);
}
