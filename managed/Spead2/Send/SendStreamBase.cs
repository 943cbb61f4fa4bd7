// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Spead2.Metrics;

namespace Spead2.Send;

/// <summary>
/// What the send streams of both engines have in common: checking of arguments, waiting and disposal. Programs use
/// <see cref="ISendStream"/>.
/// </summary>
/// <inheritdoc cref="ISendStream" path="/remarks"/>
[SuppressMessage("Naming", "CA1711", Justification = "SPEAD calls it a stream.")]
[SuppressMessage("Naming", "CA1716", Justification = "As in receive streams.")]
[DebuggerDisplay("{DebugText,nq}")]
public abstract class SendStreamBase : ISendStream
{
    private readonly Lock _gate = new();

    // Under the gate: groups that were queued.
    private long _queued;
    private int _substreams;

    // Under its own lock, which a completion takes while another thread queues: groups that were completed, who waits
    // until there are how many, and what can be reused.
    private readonly Lock _completions = new();
    private readonly List<(long Groups, TaskCompletionSource Flushed)> _flushes = [];
    private readonly Stack<PendingSend> _pending = new();
    private readonly int _mostPending;
    private long _completed;
    private StreamPlace? _place;
    private int _disposed;

    internal SendStreamBase(SendStreamOptions options)
    {
        Flavour = options.Flavour;
        _mostPending = options.MaxHeaps;
    }

    /// <inheritdoc/>
    public SendStatistics Statistics
    {
        get
        {
            ThrowIfDisposed();
            return ReadStatistics();
        }
    }

    /// <inheritdoc/>
    public int SubstreamCount => Volatile.Read(ref _substreams);

    /// <summary>Flavour of all heaps.</summary>
    internal Flavour Flavour { get; }

    /// <summary>Whether the stream has been disposed.</summary>
    private protected bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    private string DebugText => IsDisposed ? "disposed" : Statistics.ToString();

    /// <inheritdoc/>
    public int Add(PacketWriterOptions writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Validate();
        lock (_gate)
        {
            ThrowIfDisposed();
            int first = _substreams;
            int count = checked(first + writer.SubstreamCount);
            writer.AddTo(this);
            Volatile.Write(ref _substreams, count);
            return first;
        }
    }

    /// <inheritdoc/>
    public ValueTask<SendResult> SendAsync(HeapToSend heap, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(heap);
        return Send([new(heap)], GroupMode.Serial, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<SendResult> SendAsync(
        IReadOnlyList<HeapReference> heaps,
        GroupMode mode = GroupMode.RoundRobin,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(heaps);
        if (heaps.Count == 0)
        {
            throw new ArgumentException("A group must have at least one heap.", nameof(heaps));
        }

        if (!Enum.IsDefined(mode))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, $"There is no {nameof(GroupMode)} {(int)mode}.");
        }

        return Send([.. heaps], mode, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<SendResult> SendAllAsync(
        IAsyncEnumerable<HeapToSend> heaps, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(heaps);
        SendResult sum = default;
        Queue<Task<SendResult>> inFlight = [];
        try
        {
            await foreach (HeapToSend heap in heaps.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                while (!TrySend(heap, inFlight))
                {
                    if (inFlight.TryDequeue(out Task<SendResult>? oldest))
                    {
                        sum = sum.Plus(await oldest.ConfigureAwait(false));
                    }
                    else
                    {
                        // Others have filled the queue.
                        await FlushAsync(cancellationToken).ConfigureAwait(false);
                    }
                }

                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            while (inFlight.TryDequeue(out Task<SendResult>? oldest))
            {
                sum = sum.Plus(await oldest.ConfigureAwait(false));
            }
        }

        return sum;
    }

    /// <inheritdoc/>
    public void SetCntSequence(long next, long step = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(next);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(step);
        ThrowIfDisposed();
        SetCnts((ulong)next, (ulong)step);
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        long groups;
        lock (_gate)
        {
            ThrowIfDisposed();
            groups = _queued;
        }

        lock (_completions)
        {
            if (_completed >= groups)
            {
                return default;
            }

            TaskCompletionSource flushed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _flushes.Add((groups, flushed));
            return new(flushed.Task.WaitAsync(cancellationToken));
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        ThrowIfDisposed();
        StopEngine();
    }

    /// <summary>
    /// Waits until what is queued has been sent (<see cref="Stop"/> before it drops that instead), and frees the stream.
    /// Log messages are delivered before this returns, unless a logger calls it. Called by a
    /// <see cref="PacketFunction"/> it does not wait. Calling it again does nothing.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed != 0)
            {
                return;
            }

            _disposed = 1;
        }

        GC.SuppressFinalize(this);
        if (PacketTaker.RunsOnThisThread)
        {
            // To free the stream is to wait for the thread that sends, which this may be.
            ThreadPool.UnsafeQueueUserWorkItem(static stream => stream.EndEngine(), this, preferLocal: false);
        }
        else
        {
            EndEngine();
        }
    }

    /// <summary>Does what <see cref="Dispose"/> does, without making the caller wait.</summary>
    [SuppressMessage("Usage", "CA1816", Justification = "Dispose does it.")]
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    /// <summary>Adds a UDP writer, by valid options.</summary>
    internal abstract void AddUdp(UdpWriterOptions options);

    /// <summary>Adds a writer that calls a function, by valid options.</summary>
    internal abstract void AddFunction(FunctionWriterOptions options);

    /// <summary>Adds a writer to queues of this process, by valid options.</summary>
    /// <exception cref="ArgumentException">A queue is of another engine.</exception>
    internal abstract void AddInProcess(InProcessWriterOptions options);

    /// <summary>Queues a group whose heaps are valid.</summary>
    /// <returns>Success, <see cref="Spead2Status.QueueFull"/> or <see cref="Spead2Status.Stopped"/>.</returns>
    /// <exception cref="Spead2Exception">Any other failure.</exception>
    internal abstract Spead2Status Queue(ReadOnlySpan<HeapReference> heaps, GroupMode mode, PendingSend pending);

    internal abstract void SetCnts(ulong next, ulong step);

    internal abstract SendStatistics ReadStatistics();

    /// <summary>Waits until what is queued has been sent.</summary>
    internal abstract void FlushEngine();

    internal abstract void StopEngine();

    /// <summary>Gives up the engine's stream, whose queue is empty. Called once.</summary>
    internal abstract void DisposeEngine();

    /// <summary>What the meter shows of the stream; null if the engine's stream has gone.</summary>
    internal SendStatistics? ReadForMeter()
    {
        try
        {
            return ReadStatistics();
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Shows the stream, which has been made, in the meter.</summary>
    private protected void ShowInMeter(SendStreamOptions options) =>
        _place = StreamMeter.Sending.Add(this, options.Name);

    private protected void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);

    /// <summary>A group was completed. On the engine's thread, in the order of queueing.</summary>
    internal void CountCompletion()
    {
        lock (_completions)
        {
            _completed++;
            for (int i = _flushes.Count - 1; i >= 0; i--)
            {
                if (_flushes[i].Groups <= _completed)
                {
                    _flushes[i].Flushed.SetResult();
                    _flushes.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>The result of a group was taken: another group may use what it had.</summary>
    internal void Recycle(PendingSend pending)
    {
        lock (_completions)
        {
            if (_pending.Count < _mostPending)
            {
                _pending.Push(pending);
            }
        }
    }

    private void EndEngine()
    {
        FlushEngine();
        _place?.Dispose();
        DisposeEngine();
    }

    /// <summary>Queues a heap if there is room.</summary>
    private bool TrySend(HeapToSend heap, Queue<Task<SendResult>> inFlight)
    {
        // So many of this caller's own fill the queue: that need not be tried.
        if (inFlight.Count == _mostPending)
        {
            return false;
        }

        try
        {
            inFlight.Enqueue(SendAsync(heap).AsTask());
            return true;
        }
        catch (Spead2Exception exception) when (exception.Status == Spead2Status.QueueFull)
        {
            return false;
        }
    }

    private PendingSend TakePending()
    {
        lock (_completions)
        {
            return _pending.TryPop(out PendingSend? pending) ? pending : new(this);
        }
    }

    private ValueTask<SendResult> Send(
        ReadOnlySpan<HeapReference> heaps, GroupMode mode, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SendResult>(cancellationToken);
        }

        Check(heaps);
        PendingSend pending = TakePending();
        pending.Begin(heaps);
        Spead2Status status;
        try
        {
            lock (_gate)
            {
                ThrowIfDisposed();
                status = Queue(heaps, mode, pending);
                _queued += status == Spead2Status.Success ? 1 : 0;
            }
        }
        catch
        {
            pending.Cancel();
            throw;
        }

        if (status != Spead2Status.Success)
        {
            pending.Cancel();
            throw new Spead2Exception(
                status == Spead2Status.QueueFull
                    ? $"The queue has no room for {heaps.Length} more heaps: wait for completions, or raise " +
                        $"{nameof(SendStreamOptions.MaxHeaps)}."
                    : "The stream was stopped: nothing can be sent any more.",
                status);
        }

        return cancellationToken.CanBeCanceled ? new(pending.Task.AsTask().WaitAsync(cancellationToken)) : pending.Task;
    }

    private void Check(ReadOnlySpan<HeapReference> heaps)
    {
        for (int i = 0; i < heaps.Length; i++)
        {
            Check(heaps[i], i, nameof(heaps));
            PacketEncoder.MeasurePayload(heaps[i].Heap.Items, Flavour.AddressBits);
        }
    }

    private void Check(in HeapReference reference, int index, string parameter)
    {
        if (reference.Heap is null)
        {
            throw new ArgumentException($"The heap of number {index} is null.", parameter);
        }

        if (reference.Substream < 0 || reference.Substream >= SubstreamCount)
        {
            throw new ArgumentOutOfRangeException(
                parameter,
                reference.Substream,
                $"{nameof(HeapReference.Substream)} of number {index} must be one of the stream's {SubstreamCount} substreams.");
        }

        if (reference.Cnt is { } cnt && (cnt < 0 || cnt >> Flavour.AddressBits != 0))
        {
            throw new ArgumentOutOfRangeException(
                parameter, cnt, $"{nameof(HeapReference.Cnt)} of number {index} cannot be carried by {Flavour}.");
        }

        if (reference.Rate is { } rate && !(double.IsFinite(rate) && rate >= 0))
        {
            throw new ArgumentOutOfRangeException(
                parameter, rate, $"{nameof(HeapReference.Rate)} of number {index} must be 0 or more bytes per second.");
        }
    }
}
