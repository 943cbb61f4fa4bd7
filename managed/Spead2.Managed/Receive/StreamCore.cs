// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// A stream without the object that its user has, so that one that nobody disposes can be finalized while its sources
/// still receive. Locks, in the order in which they are taken: those of a source, the stream's; each of the others is
/// taken last.
/// </summary>
internal sealed class StreamCore
{
    private const long NanosecondsPerSecond = (long)Clock.NanosecondsPerSecond;

    private readonly bool _explicitStart;
    private readonly ManagedReadQueue? _queue;
    private volatile bool _sealed;
    private volatile bool _lossy;

    // The user's until it gives the stream up, and those of calls.
    private int _references = 1;

    /// <param name="options">Valid options.</param>
    /// <param name="threads">The caller's reference to them is given up by <see cref="Destroy"/>.</param>
    /// <param name="log">Receives the stream's messages.</param>
    /// <param name="onHeap">
    /// Takes every finished heap, on a thread that receives, and null at the end; without it heaps wait in a ring.
    /// </param>
    /// <param name="chunks">Makes the stream a member of a group, in whose chunks the heaps are placed instead.</param>
    /// <exception cref="InvalidOperationException">The group takes no more members.</exception>
    public StreamCore(
        ReceiveStreamOptions options,
        IoThreads threads,
        EngineLog log,
        Action<LiveHeap?>? onHeap = null,
        ChunkMembership? chunks = null)
    {
        Threads = threads;
        Log = log;
        Tally = new(options.CustomStatistics);
        StatisticNames = new(options.CustomStatistics);
        Copy = new(Log, Tally.CustomBatch);
        _explicitStart = options.ExplicitStart;
        Flow = new(options.ExplicitStart);
        StopOnStopItem = options.StopOnStopItem;
        IsInOrder = !options.AllowOutOfOrder;
        Member = chunks is null ? null : new(this, chunks.Group, chunks.Options);
        if (onHeap is null && Member is null)
        {
            Ring = new(this, options.RingHeaps, options.SpinTime);
            _queue = new(Ring.Consumer, spins: options.SpinTime != TimeSpan.Zero);
            Ring.Ready = _queue.OnReady;
        }

        Pause = new(Sources, Log, options.LongPause, fillsChunks: Member is not null);
        Sink = Member is not null ? new ChunkSink(Member) : Ring is null ? new InlineSink(this, onHeap!) : Ring;
        Loss = options.Accounting == HeapAccounting.None ? null : new(Clock.Now / NanosecondsPerSecond);
        Ingest = new(this, options);
        Member?.Group.Join(Member);
    }

    public IoThreads Threads { get; }

    public EngineLog Log { get; }

    public Tally Tally { get; }

    public StatisticNames StatisticNames { get; }

    /// <summary>Datagrams that were refused.</summary>
    public Refused Refused { get; } = new();

    /// <summary>How payload gets into heaps. Under the stream's lock.</summary>
    public PayloadCopy Copy { get; }

    public SourceList Sources { get; } = new();

    public Ingest Ingest { get; }

    /// <summary>Where finished heaps go.</summary>
    public HeapSink Sink { get; }

    /// <summary>The sink, if heaps wait in it until they are pulled; else null.</summary>
    public RingSink? Ring { get; }

    /// <summary>The stream as a member of a chunk group; null if it is in none.</summary>
    public ChunkMember? Member { get; }

    /// <summary>Consumers of <see cref="Heap"/>s; null if nobody pulls these.</summary>
    public ManagedReadQueue? Queue => _queue;

    /// <summary>The stream's lock.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Whether sources may hand over packets; changed under the stream's lock.</summary>
    public Flow Flow { get; }

    /// <summary>What was lost, second by second; null without accounting. Under the stream's lock.</summary>
    private LossLine? Loss { get; }

    /// <summary>Pauses of the sources because the ring is full. Under the stream's lock.</summary>
    private Pause Pause { get; }

    /// <summary>Whether a stop item stops the stream. Under the stream's lock.</summary>
    public bool StopOnStopItem { get; set; }

    /// <summary>Whether the packets of a heap must come in order.</summary>
    public bool IsInOrder { get; }

    /// <summary>Whether an explicit start has come, so that no source can be added any more.</summary>
    public bool IsSealed => _sealed;

    /// <summary>A consistent copy of the statistics.</summary>
    public StreamStatistics Statistics =>
        new(ImmutableCollectionsMarshal.AsImmutableArray(ReadStatistics()), StatisticNames);

    /// <summary>What was lost in the latest seconds; none without accounting.</summary>
    public LossSecond[] ReadLossSeconds()
    {
        lock (Gate)
        {
            if (Loss is null)
            {
                return [];
            }

            long now = Clock.Now;
            TakeSecond(Loss, now / NanosecondsPerSecond);
            return Loss.Read(
                DateTimeOffset.UtcNow.AddTicks(-(now - (Loss.Last * NanosecondsPerSecond)) / TimeSpan.NanosecondsPerTick));
        }
    }

    /// <summary>The values of all statistics, of one moment, custom ones last.</summary>
    public long[] ReadStatistics()
    {
        long dropped = Sources.CountDropped();
        long unused = Sources.CountUnused();
        long[] values = Tally.Read();
        values[(int)Statistic.KernelDropMessages] = dropped;
        values[(int)Statistic.DatagramsDroppedAtStop] = unused;
        return values;
    }

    /// <summary>Adds a source, which gets its first slice as soon as packets may be handed over.</summary>
    public void Add(Source source)
    {
        if (source.IsLossy && !_lossy)
        {
            lock (Gate)
            {
                Pause.Watch();
            }

            _lossy = true;
        }

        Sources.Add(source);

        // A thread that changes the flow from here on sees the source.
        if (Flow.IsClosed)
        {
            source.Close();
        }
        else if (Flow.IsRunning)
        {
            source.Post();
        }
    }

    /// <summary>Lets the sources of a stream with an explicit start receive.</summary>
    public void Start()
    {
        lock (Gate)
        {
            _sealed = _explicitStart;
            if (Flow.TryStart())
            {
                Sources.Post();
            }
        }
    }

    /// <exception cref="InvalidOperationException">An explicit start has come.</exception>
    public void ThrowIfStarted()
    {
        if (IsSealed)
        {
            throw new InvalidOperationException(
                $"The stream was made with {nameof(ReceiveStreamOptions.ExplicitStart)} and has been started, so that no " +
                $"source can be added; add all of them before {nameof(IReceiveStream.Start)}.");
        }
    }

    /// <summary>Takes the stream's lock for a slice, and says whether packets may be handed over.</summary>
    public PollResult Enter(Source source)
    {
        Gate.Enter();
        if (Loss is { HasEnded: false } && Clock.Now / NanosecondsPerSecond is var second && second != Loss.Last)
        {
            // What was counted before belongs to the second that has passed.
            TakeSecond(Loss, second);
        }

        return Ingest.BeginSlice(source);
    }

    /// <summary>Publishes the statistics and releases the lock; after the stream was closed, ends it first.</summary>
    public void Leave()
    {
        if (Flow.IsClosed)
        {
            Ingest.FlushLiveHeaps();
            Pause.Finish();
            EndSeconds();
        }

        Ingest.EndSlice();
        Tally.Publish();
        if (Flow.IsClosed)
        {
            MakeRoom();
        }

        Unlock();
    }

    /// <summary>
    /// Waits for room in the sink, very briefly, after a slice of a source was blocked. Between slices, without any
    /// lock.
    /// </summary>
    /// <returns>Whether packets may be handed over.</returns>
    public bool WaitForRoom()
    {
        if (Flow.IsBlocked)
        {
            Sink.SpinForRoom();
            Settle();
        }

        return Flow.IsRunning;
    }

    /// <summary>
    /// Moves heaps on that wait for room. If none is left all sources go on; if the stream was closed the sink ends.
    /// Without any lock.
    /// </summary>
    public void Settle()
    {
        Gate.Enter();
        MakeRoom();
        Unlock();
    }

    /// <summary>Counts a heap that found the ring full. Under the stream's lock.</summary>
    /// <param name="isFirst">Whether no other heap waits for room.</param>
    public void CountBlocked(bool isFirst)
    {
        Tally[Statistic.WorkerBlocked]++;
        if (isFirst && _lossy)
        {
            Pause.Begin();
        }
    }

    /// <summary>Says that the pause that is under way is long, once it is. Without any lock but a source's.</summary>
    /// <returns>When to call this, from now; null: not in this pause.</returns>
    public TimeSpan? CheckPause()
    {
        lock (Gate)
        {
            return Pause.Check();
        }
    }

    /// <summary>A source cannot go on: the stream ends as at the end of a source.</summary>
    public void Fail(Source source, Exception exception)
    {
        Log.Write(
            MessageKind.Source,
            LogLevel.Warning,
            exception,
            static exception => string.Create(
                CultureInfo.InvariantCulture, $"a source failed, so the stream ends: {ExceptionText.Of(exception)}"));
        Enter(source);
        Ingest.EndSource();
        Leave();
    }

    /// <summary>Stops the stream for good.</summary>
    public void Stop()
    {
        Gate.Enter();
        if (Flow.TryClose())
        {
            Ingest.DropLiveHeaps();
            Pause.Finish();
            EndSeconds();
            Tally.Publish();
            MakeRoom();
        }

        Unlock();
        Sources.Close();
        Log.SayLeftOut();
        Sink.CallBack();
    }

    /// <summary>Ends the stream as the end of a source does. Without any lock.</summary>
    public void EndInside()
    {
        Gate.Enter();
        if (Flow.TryClose())
        {
            Ingest.FlushLiveHeaps();
            Pause.Finish();
            EndSeconds();
            Tally.Publish();
            MakeRoom();
        }

        Unlock();
        Sources.Close();
        Sink.CallBack();
    }

    /// <summary>Adds a reference to the stream; false if there is none any more.</summary>
    public bool TryRetain()
    {
        int references;
        do
        {
            references = Volatile.Read(ref _references);
            if (references == 0)
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref _references, references + 1, references) != references);
        return true;
    }

    /// <summary>Removes a reference to the stream; destroys it with the last one.</summary>
    /// <inheritdoc cref="Destroy" path="/param"/>
    public void Release(bool wait)
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            Destroy(wait);
        }
    }

    /// <summary>Stops the stream and gives up everything that it has. Once.</summary>
    /// <param name="wait">Whether to wait for threads that use it, or end, and for messages to arrive.</param>
    public void Destroy(bool wait)
    {
        Stop();
        if (wait)
        {
            // A slice that has ended may still be about to call back.
            Threads.Barrier();
        }

        Sink.Free();
        _queue?.OnReady();
        Ring?.ReadyHandle.Dispose();
        Sources.Release();
        Threads.Release(wait);
        if (wait)
        {
            Log.Flush();
        }
    }

    private void TakeSecond(LossLine loss, long second)
    {
        long dropped = Sources.CountDropped();
        loss.Take(second, statistic => statistic == Statistic.KernelDropMessages ? dropped : Tally[statistic]);
    }

    /// <summary>The stream ends, and so do its seconds of loss.</summary>
    private void EndSeconds()
    {
        if (Loss is not null)
        {
            TakeSecond(Loss, Clock.Now / NanosecondsPerSecond);
            Loss.HasEnded = true;
        }
    }

    /// <summary>Makes room, and does what depends on it. Under the stream's lock.</summary>
    private void MakeRoom()
    {
        if (!Sink.TryMakeRoom())
        {
            return;
        }

        Pause.End();
        if (Flow.TryResume())
        {
            Sources.Post();
        }

        if (Flow.IsClosed)
        {
            Sink.End();
        }
    }

    /// <summary>Releases the stream's lock, and tells consumers what happened under it.</summary>
    private void Unlock()
    {
        bool news = Sink.TakeNews();
        Gate.Exit();
        if (news)
        {
            Sink.Announce();
        }
    }
}
