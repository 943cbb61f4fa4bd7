// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace Spead2.Send;

/// <summary>A stream of heaps that native code sends.</summary>
/// <inheritdoc cref="ISendStream" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
public sealed class SendStream : SendStreamBase
{
    private readonly SendStreamHandle _handle;
    private readonly NativeLog _log;

    /// <summary>Makes a stream.</summary>
    /// <param name="options">Options; the defaults if left out.</param>
    /// <param name="logger">
    /// Receives the stream's messages, one at a time and in order, on threads of the .NET thread pool. Which levels are
    /// wanted is asked once. Without a logger, warnings go to standard error.
    /// </param>
    /// <param name="pool">
    /// Threads, one of which sends the packets; one thread of its own if left out. The pool may be disposed before the
    /// stream.
    /// </param>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    /// <exception cref="Spead2Exception">For example there is not enough memory.</exception>
    /// <exception cref="DllNotFoundException">The native library is missing or does not fit.</exception>
    public SendStream(SendStreamOptions? options = null, ILogger? logger = null, IoThreadPool? pool = null)
        : base(options ??= new())
    {
        options.Validate();
        _log = new(logger);
        _handle = new(options, pool, _log);
        ShowInMeter(options);
    }

    internal override void AddUdp(UdpWriterOptions options)
    {
        using HandleLease lease = new(_handle);
        _handle.AddUdp(options);
    }

    internal override void AddFunction(FunctionWriterOptions options)
    {
        using HandleLease lease = new(_handle);
        _handle.AddFunction(options);
    }

    internal override void AddInProcess(InProcessWriterOptions options)
    {
        using HandleLease lease = new(_handle);
        _handle.AddInProcess(options);
    }

    internal override Spead2Status Queue(ReadOnlySpan<HeapReference> heaps, GroupMode mode, PendingSend pending)
    {
        using HandleLease lease = new(_handle);
        return _handle.Send(heaps, mode, pending);
    }

    internal override void SetCnts(ulong next, ulong step)
    {
        using HandleLease lease = new(_handle);
        _handle.SetCnts(next, step);
    }

    internal override SendStatistics ReadStatistics()
    {
        using HandleLease lease = new(_handle);
        return _handle.ReadStatistics();
    }

    internal override void FlushEngine()
    {
        using HandleLease lease = new(_handle);
        _handle.Flush();
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
}
