// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// A stream without the object that its user holds, so that one that nobody disposes can be finalized while its readers
/// still receive. Locks, in the order in which they are taken: a reader's lock, the stream's; each of the others is
/// taken last.
/// </summary>
internal sealed class StreamCore
{
    private volatile bool _stopped;
    private volatile bool _lossy;
    private readonly bool _explicitStart;
    private volatile bool _held;

    // The user's until it gives the stream up, and those of calls.
    private int _holds = 1;

    /// <param name="options">Valid options.</param>
    /// <param name="threads">Held by the caller; given up by <see cref="Destroy"/>.</param>
    /// <param name="log">Receives the stream's messages.</param>
    public StreamCore(ReceiveStreamOptions options, IoThreads threads, EngineLog log)
    {
        Threads = threads;
        Log = log;
        Tally = new(options.CustomStatistics);
        StatisticNames = new(options.CustomStatistics);
        Copy = new(Log, Tally);
        _explicitStart = options.ExplicitStart;
        _held = options.ExplicitStart;
        StopOnStopItem = options.StopOnStopItem;
        Delivery = new(this, options.RingHeaps);
        Intake = new(this, options);
        Consumer = new(Delivery, options.SpinTime);
        Queue = new(Consumer, spins: options.SpinTime != TimeSpan.Zero);
        Delivery.Ready = Queue.OnReady;
    }

    public IoThreads Threads { get; }

    public EngineLog Log { get; }

    public Tally Tally { get; }

    public StatisticNames StatisticNames { get; }

    /// <summary>How payload gets into heaps. Under the stream's lock.</summary>
    public PayloadCopy Copy { get; }

    public ReaderList Readers { get; } = new();

    public Delivery Delivery { get; }

    public Intake Intake { get; }

    /// <summary>The way of finished heaps out of the stream.</summary>
    public RingConsumer Consumer { get; }

    /// <summary>Those who read <see cref="Heap"/>s.</summary>
    public ManagedReadQueue Queue { get; }

    /// <summary>The stream's lock.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Whether a stop item stops the stream. Under the stream's lock.</summary>
    public bool StopOnStopItem { get; set; }

    /// <summary>Whether nothing is received any more; changed under the stream's lock.</summary>
    public bool IsStopped => _stopped;

    /// <summary>Whether a reader was added that loses packets while it does not read.</summary>
    public bool IsLossy => _lossy;

    /// <summary>Whether readers wait for the stream's start.</summary>
    public bool IsHeld => _held;

    /// <summary>Whether the stream was held and has been started, so that no reader can be added any more.</summary>
    public bool IsSealed => _explicitStart && !IsHeld;

    /// <summary>A consistent copy of the statistics.</summary>
    public StreamStatistics Statistics =>
        new(ImmutableCollectionsMarshal.AsImmutableArray(ReadStatistics()), StatisticNames);

    /// <summary>The values of all statistics, of one moment, custom ones last.</summary>
    public long[] ReadStatistics()
    {
        long dropped = Readers.CountDropped();
        long unused = Readers.CountUnused();
        long[] values = Tally.Read();
        values[(int)Statistic.KernelDrops] = dropped;
        values[(int)Statistic.DatagramsDroppedAtStop] = unused;
        return values;
    }

    /// <summary>Adds a reader, and starts it unless the stream has stopped.</summary>
    public void Add(Reader reader)
    {
        if (reader.IsLossy)
        {
            _lossy = true;
        }

        Readers.Add(reader);
        bool begin;
        lock (Gate)
        {
            reader.IsPaused = IsHeld;
            begin = !reader.IsPaused;
        }

        // Whoever stops the stream from here on sees the reader, and closes it.
        if (IsStopped)
        {
            reader.Close();
        }
        else if (begin)
        {
            reader.Post();
        }
    }

    /// <summary>Lets the readers of a stream that is held receive.</summary>
    public void Start()
    {
        lock (Gate)
        {
            if (IsHeld)
            {
                _held = false;
                Readers.Resume();
            }
        }
    }

    /// <exception cref="InvalidOperationException">The stream was held and has been started.</exception>
    public void ThrowIfStarted()
    {
        if (IsSealed)
        {
            throw new InvalidOperationException(
                $"The stream was made with {nameof(ReceiveStreamOptions.ExplicitStart)} and has been started, so that no " +
                $"reader can be added; add all of them before {nameof(IReceiveStream.Start)}.");
        }
    }

    /// <summary>Takes the stream's lock for a reader's turn, and says whether packets may be handed over.</summary>
    public Flow Enter()
    {
        Gate.Enter();
        return Intake.Flow;
    }

    /// <summary>Publishes the statistics and gives the lock back; does what a stop asks for first.</summary>
    public void Leave()
    {
        bool stops = Intake.IsStopRequested && !IsStopped;
        if (stops)
        {
            _stopped = true;
            Intake.FlushLiveHeaps();
        }

        Tally.Publish();
        if (stops)
        {
            Delivery.Settle();
        }

        Delivery.Unlock();
    }

    /// <summary>A reader cannot go on: the stream ends as at the end of a source.</summary>
    public void Fail(Exception exception)
    {
        Log.Write(
            MessageKind.Socket,
            LogLevel.Warning,
            exception,
            static exception => string.Create(
                CultureInfo.InvariantCulture, $"a reader failed, so the stream ends: {ExceptionText.Of(exception)}"));
        Enter();
        Intake.EndSource();
        Leave();
    }

    /// <summary>Stops the stream for good.</summary>
    public void Stop()
    {
        Gate.Enter();
        if (!IsStopped)
        {
            _stopped = true;
            Intake.DropLiveHeaps();
            Tally.Publish();
            Delivery.Settle();
        }

        Delivery.Unlock();
        Readers.Close();
        Log.SayLeftOut();
        Delivery.CallReadyIfDue();
    }

    /// <summary>Holds the stream; false if it has been given up by all.</summary>
    public bool TryRetain()
    {
        int holds;
        do
        {
            holds = Volatile.Read(ref _holds);
            if (holds == 0)
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref _holds, holds + 1, holds) != holds);
        return true;
    }

    /// <summary>Gives the stream up; destroys it if nobody holds it any more.</summary>
    /// <inheritdoc cref="Destroy" path="/param"/>
    public void Release(bool wait)
    {
        if (Interlocked.Decrement(ref _holds) == 0)
        {
            Destroy(wait);
        }
    }

    /// <summary>Stops the stream and gives up everything that it holds. Once.</summary>
    /// <param name="wait">Whether to wait for threads that use it, or end, and for messages to arrive.</param>
    public void Destroy(bool wait)
    {
        Stop();
        if (wait)
        {
            // A turn that has ended may still be about to call back.
            Threads.Barrier();
        }

        Delivery.FreeAll();
        Queue.OnReady();
        Delivery.ReadyHandle.Dispose();
        Readers.Release();
        Threads.Release(wait);
        if (wait)
        {
            Log.Flush();
        }
    }
}
