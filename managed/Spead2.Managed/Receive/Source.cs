// SPDX-License-Identifier: MIT

using System.Net;
using Microsoft.Extensions.Logging;

namespace Spead2.Managed;

/// <summary>
/// Where packets of a stream come from, on one thread of its pool: what a transport derives from. It is polled in
/// slices, on its loop; while it has nothing, it is armed, so that what it comes from posts it.
/// </summary>
/// <remarks>
/// Locks: the source's own is held during a slice; inside it another one keeps the origin (the socket, the memory) open
/// for heap sinks that only count. Both come before the stream's.
/// </remarks>
internal abstract class Source : LoopTask
{
    // What a source may hand over in one slice, so that the others of its thread get theirs: well under a millisecond.
    // The end of a slice costs some microseconds.
    protected const int SlicePackets = 4096;
    protected const long SliceBytes = 16 << 20;

    // A ring that is filled and emptied on this thread (by a call back) lets the source go on within a slice of its
    // loop, which saves looking for other work for every few heaps; but others must get theirs.
    private const int PollsPerSlice = 64;

    // An origin that cannot be armed is looked at this often.
    private static readonly TimeSpan BlindInterval = TimeSpan.FromMilliseconds(100);

    // A source that can do nothing now looks again after this time, if nobody posts it before.
    private static readonly TimeSpan LaterInterval = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly Lock _originLock = new();
    private readonly IoThreads.IoThread _thread;
    private readonly Lock _publishedLock = new();
    private SourceCounters _published;

    // Under both locks.
    private bool _closed;
    private bool _released;
    private volatile bool _removed;

    // Under the stream's lock: sources that go on after this one's next slice.
    private List<Source>? _waiters;

    // Of the loop's thread: whether the latest slice took what there was.
    private bool _wasServed;

    /// <param name="stream">The stream.</param>
    /// <param name="thread">The thread that the source was assigned to.</param>
    protected Source(StreamCore stream, IoThreads.IoThread thread)
    {
        Stream = stream;
        _thread = thread;
    }

    protected Source(StreamCore stream)
        : this(stream, stream.Threads.Assign())
    {
    }

    /// <summary>Whether packets are lost while the source is not polled.</summary>
    public virtual bool IsLossy => false;

    /// <summary>Where the socket is bound; null if there is none.</summary>
    public virtual IPEndPoint? LocalEndPoint => null;

    /// <summary>The multicast group that was joined; null if there is none.</summary>
    public virtual IPAddress? Group => null;

    /// <summary>
    /// The interface that the group was joined on: its name where the system tells it, else its index or address; null if
    /// the system chose it.
    /// </summary>
    public virtual string? InterfaceName => null;

    /// <summary>What messages call what the source hands over.</summary>
    public virtual string Piece => "datagram";

    /// <summary>Whether packets can be read by the rules of a dialect.</summary>
    public virtual bool TakesDialects => true;

    /// <summary>Who sent the first message of the latest batch; null if nobody is known.</summary>
    public virtual IPEndPoint? LastSender => null;

    /// <summary>
    /// Who sent the datagram that is being handed over; null if that is not known, or nobody did. During a slice.
    /// </summary>
    public virtual IPEndPoint? TellSender() => null;

    /// <summary>Messages that the kernel has dropped so far.</summary>
    public virtual long Dropped => 0;

    /// <summary>Datagrams that had been taken from the origin, but not handed over, when it was closed.</summary>
    public virtual long Unused => 0;

    /// <summary>Whether the source was closed, by its removal or by the end of its stream.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Whether the source was taken out of its stream.</summary>
    public bool IsRemoved => _removed;

    /// <summary>Whether the source waits for the explicit start of its stream.</summary>
    public bool IsUnstarted => Stream.Flow.IsUnstarted;

    /// <summary>Whether the source waits, like all of its stream, for room in the sink.</summary>
    public bool IsBlocked => Stream.Flow.IsBlocked;

    /// <summary>How packets are read. Set before the source is added.</summary>
    public DialectRules Dialect { get; set; }

    /// <summary>The name of a dialect that takes what was refused; null: none is known.</summary>
    public string? SuggestedDialect
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>Datagrams that were looked at for <see cref="SuggestedDialect"/>. The ingest's.</summary>
    public int RefusedDatagrams { get; set; }

    /// <summary>The stream's number for the source, set when it is added; the first is 1.</summary>
    public int Number { get; set; }

    /// <summary>
    /// The stream's <see cref="Flow.Yields"/> before the latest slice that took what there was. Under the stream's lock.
    /// </summary>
    public long YieldsServed { get; private set; }

    /// <summary>
    /// The source to wait for, set by the ingest where it answers <see cref="PollResult.Yield"/>; null: any source.
    /// The source's own.
    /// </summary>
    public Source? YieldTo { get; set; }

    /// <summary>What is counted in a slice; published at its end. The source's own.</summary>
    protected internal SourceCounters Counters;

    protected StreamCore Stream { get; }

    protected EventLoop Loop => _thread.Loop;

    /// <summary>Packets of the batch that is under way.</summary>
    protected long BatchPackets { get; set; }

    /// <summary>The source among those that share its port; null: it has the port alone. Set before it is added.</summary>
    public SteeredMember? Steered { get; set; }

    /// <summary>The latest look found nothing. The source's own, where it shares its port.</summary>
    public bool FoundEmpty { get; set; }

    /// <summary>The stream that it feeds.</summary>
    public StreamCore Core => Stream;

    /// <summary>Whether packets may be handed over.</summary>
    public bool IsFlowRunning => Stream.Flow.IsRunning;

    /// <summary>A consistent copy of the statistics.</summary>
    public SourceCounters ReadCounters()
    {
        UpdateDropped();
        lock (_publishedLock)
        {
            SourceCounters counters = _published;
            counters.KernelDropMessages = Dropped;
            counters.DroppedAtClose = Unused;
            return counters;
        }
    }

    /// <summary>Makes visible what was counted. During a slice.</summary>
    public void Publish()
    {
        lock (_publishedLock)
        {
            _published = Counters;
        }
    }

    /// <summary>Asks for a slice.</summary>
    public void Post() => Loop.Post(this);

    /// <summary>One slice, on the loop's thread.</summary>
    public override void Run()
    {
        List<Source>? waiters = TakeWaiters();
        long yields = Stream.Flow.Yields;
        PollResult result;
        int rounds = 0;
        do
        {
            result = Slice();

            // The callback may make room.
            Stream.Sink.CallBack();
        }
        while (result == PollResult.Blocked && Stream.WaitForRoom() && ++rounds < PollsPerSlice);
        switch (result)
        {
            case PollResult.More:
            case PollResult.Interrupted:
                Post();
                break;
            case PollResult.Yield:
                Yield();
                break;
            case PollResult.Blocked:
                Pause();
                break;
        }

        Stream.Sink.CallBack();
        if (waiters is not null)
        {
            Post(waiters, yields);
        }

        if (Stream.Flow.IsClosed)
        {
            Stream.Sources.Close();
        }
    }

    /// <summary>
    /// Has the source posted when something comes, before its first slice: what cannot be waited for is refused.
    /// </summary>
    /// <exception cref="Spead2Exception">The operating system refuses.</exception>
    public void ArmFirst()
    {
        lock (_lock)
        {
            if (!_closed && Stream.Flow.IsRunning && Arm() is { } error)
            {
                throw error;
            }
        }
    }

    /// <summary>Closes the origin, if it is open. Waits for a slice that is running on another thread.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            CountCutOffBatch();
            lock (_originLock)
            {
                CountDrops();
                Volatile.Write(ref _closed, true);
                CloseOrigin();
            }
        }
    }

    /// <summary>Takes the source out of its stream, for good. Does nothing if it is closed. Any thread.</summary>
    public void Remove()
    {
        if (!IsClosed)
        {
            _removed = true;
            Stream.Sources.Remove(this);
        }
    }

    /// <summary>Closes the source, and gives up what it holds. Once it has returned nothing is touched any more.</summary>
    public void Release()
    {
        Close();
        lock (_lock)
        {
            if (_released)
            {
                return;
            }

            _released = true;
        }

        try
        {
            ReleaseOrigin();
        }
        catch (Exception exception)
        {
            // Memory is the user's, and so is the code that unpins it. Everything else must be given up all the same.
            Stream.Log.Write(
                MessageKind.User,
                LogLevel.Warning,
                exception,
                static exception =>
                    $"memory that packets were read from cannot be unpinned: {ExceptionText.Of(exception)}");
        }

        _thread.Unassign();
    }

    /// <summary>Brings <see cref="Dropped"/> up to date, if the origin is open.</summary>
    public void UpdateDropped()
    {
        lock (_originLock)
        {
            if (!_closed)
            {
                CountDrops();
            }
        }
    }

    /// <summary>A slice of the source itself, where it shares its port. With its lock.</summary>
    public PollResult PollOrigin() => Poll();

    /// <summary>
    /// Moves all that has arrived to the queues of those that share the port; whether nothing is left. With its lock.
    /// </summary>
    public virtual bool MoveStrays() => true;

    /// <summary>Counts datagrams of streams that have ended. With its lock.</summary>
    public virtual void CountUnused(long datagrams)
    {
        // Only sources that share their port get such datagrams.
    }

    /// <summary>Hands packets to the stream, for a limited time. The flow is running when it is called.</summary>
    protected abstract PollResult Poll();

    /// <summary>Has the source posted when something comes, and at once if something has; says why that fails.</summary>
    protected virtual Spead2Exception? Arm() => null;

    /// <summary>Undoes <see cref="Arm"/>, if the source is armed.</summary>
    protected virtual void Disarm()
    {
        // Sources that post nothing need not be kept from it.
    }

    /// <summary>Closes the origin for good. Any thread.</summary>
    protected virtual void CloseOrigin()
    {
        // Memory need not be closed.
    }

    /// <summary>Gives up what the closed source holds.</summary>
    protected virtual void ReleaseOrigin()
    {
        // What the garbage collector sees to need not be given up.
    }

    /// <summary>Brings <see cref="Dropped"/> up to date. Any thread.</summary>
    protected virtual void CountDrops()
    {
        // From memory nothing is dropped.
    }

    /// <summary>Does something on the loop outside of a slice, unless the source is closed, and publishes what it counted.</summary>
    protected void RunAside(Action work)
    {
        lock (_lock)
        {
            if (!_closed)
            {
                work();
                Publish();
            }
        }
    }

    /// <summary>Has the source posted after a while, as what it comes from cannot be relied on to do it.</summary>
    protected void PostBlindly() => Loop.PostAfter(this, BlindInterval);

    private PollResult Slice()
    {
        _wasServed = false;
        lock (_lock)
        {
            if (_closed)
            {
                return PollResult.Ended;
            }

            Counters.Slices++;
            if (!Stream.Flow.IsRunning)
            {
                // Posted again when it runs.
                Disarm();
                LookAside();
                Publish();
                WatchPause();
                return PollResult.Idle;
            }

            PollResult result = PollSafely();
            if (result == PollResult.Yield && YieldTo is null && !Stream.Flow.IsRunning)
            {
                result = PollResult.Blocked;
            }

            _wasServed = result != PollResult.Blocked;
            Publish();
            if (result == PollResult.Later)
            {
                Disarm();
                Loop.PostAfter(this, LaterInterval);
            }

            if (result == PollResult.Idle && Arm() is { } error)
            {
                Stream.Log.Write(
                    MessageKind.Socket, LogLevel.Warning, error.Message, static message => $"{message}; trying again");
                PostBlindly();
            }

            return result;
        }
    }

    private PollResult PollSafely()
    {
        try
        {
            return Steered is null ? Poll() : Steered.Poll();
        }
        catch (Exception exception)
        {
            // Whatever it is, the thread also serves other streams, and waiters for heaps should not do so
            // forever.
            Stream.Fail(this, exception);
            return PollResult.Ended;
        }
    }

    /// <summary>Does what others that share the port wait for, though the source may not hand packets over.</summary>
    private void LookAside() => Steered?.LookAside();

    /// <summary>A batch that is under way when the source is closed has ended.</summary>
    private void CountCutOffBatch()
    {
        if (BatchPackets == 0)
        {
            return;
        }

        lock (Stream.Gate)
        {
            Stream.Ingest.CountBatches(1, BatchPackets);
            BatchPackets = 0;
            Stream.Tally.Publish();
        }
    }

    /// <summary>Pauses a source that was blocked. If the flow runs again, the source has been posted.</summary>
    private void Pause()
    {
        lock (_lock)
        {
            if (!_closed && !Stream.Flow.IsRunning)
            {
                Disarm();
                Counters.Blocked++;
                LookAside();
                Publish();
                WatchPause();
            }
        }
    }

    /// <summary>Sees to it that a pause that becomes long is told of. Of sources that pause, each has a time of its own.</summary>
    private void WatchPause()
    {
        if (DueAt == 0 && Stream.CheckPause() is { } time)
        {
            Loop.PostAfter(this, time);
        }
    }

    /// <summary>Goes on after the next slice of another source.</summary>
    private void Yield()
    {
        Counters.Yields++;
        Source? other = YieldTo;
        YieldTo = null;
        if (other is null)
        {
            Post();
            return;
        }

        lock (Stream.Gate)
        {
            (other._waiters ??= []).Add(this);
        }

        other.Post();
    }

    /// <summary>Who waits for the slice that begins now; later callers wait for the one after.</summary>
    private List<Source>? TakeWaiters()
    {
        if (Volatile.Read(ref _waiters) is null)
        {
            return null;
        }

        lock (Stream.Gate)
        {
            List<Source>? waiters = _waiters;
            _waiters = null;
            return waiters;
        }
    }

    private void Post(List<Source> waiters, long yieldsBefore)
    {
        if (_wasServed)
        {
            lock (Stream.Gate)
            {
                YieldsServed = yieldsBefore;
            }
        }

        waiters.ForEach(source => source.Post());
    }
}
