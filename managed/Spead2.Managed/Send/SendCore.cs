// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using Spead2.Send;

namespace Spead2.Managed;

/// <summary>
/// A send stream without the object that its user has. Users queue heaps under the lock; everything else is done by one
/// task on the loop of the stream, which needs the lock only to see what was queued and to free places.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Destroy disposes what the stream has.")]
internal sealed class SendCore
{
    private readonly IoThreads _threads;
    private readonly IoThreads.IoThread _thread;
    private readonly Pump _pump;

    // A group was completed, or the task has seen the stop.
    private readonly Wake _completed = new();

    // Under the lock: a circle of places.
    private readonly QueuedHeap[] _queue;
    private readonly List<PacketWriter> _writers = [];
    private int _substreams;
    private ulong _nextCnt = 1;
    private ulong _cntStep = 1;
    private bool _ended;
    private int _destroyed;

    /// <param name="settings">Valid settings.</param>
    /// <param name="threads">The caller's reference to them is given up by <see cref="Destroy"/>.</param>
    /// <param name="log">Receives the stream's messages.</param>
    public SendCore(SendSettings settings, IoThreads threads, EngineLog log)
    {
        Settings = settings;
        Log = log;
        Limiter = new(
            settings.Rate,
            settings.BurstRateRatio,
            settings.Pacing == Pacing.Packets ? Math.Min(settings.BurstSize, Pump.PacedBurst) : settings.BurstSize);
        _queue = new QueuedHeap[settings.MaxHeaps];
        _pump = new(this);
        _threads = threads;
        _thread = threads.Assign();
    }

    public SendSettings Settings { get; }

    public EngineLog Log { get; }

    public EventLoop Loop => _thread.Loop;

    public RateLimiter Limiter { get; }

    /// <summary>The stream's lock.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Statistics. Under the lock.</summary>
    public ref SendCounters Counters => ref _counters;

    /// <summary>Heaps ever queued. Under the lock.</summary>
    public long Queued { get; private set; }

    /// <summary>Heaps ever taken out: completed, or about to be. Under the lock, but for the task, which sets it.</summary>
    public long Freed { get; private set; }

    /// <summary>Heaps whose completion has returned. Under the lock.</summary>
    public long Told { get; private set; }

    /// <summary>Whether the task waits for heaps, and is to be posted. Under the lock.</summary>
    public bool IsIdle { get; set; } = true;

    /// <summary>Whether nothing is queued any more. Under the lock.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>A consistent copy of the statistics.</summary>
    public SendStatistics Statistics
    {
        get
        {
            lock (Gate)
            {
                return _counters.ToStatistics(Queued - Freed);
            }
        }
    }

    /// <summary>Substreams that there are.</summary>
    public int SubstreamCount => Volatile.Read(ref _substreams);

    private SendCounters _counters;

    /// <summary>The place of a heap in the queue.</summary>
    public ref QueuedHeap Place(long number) => ref _queue[number % _queue.Length];

    /// <summary>The writer of a substream. The list does not change once a heap was queued.</summary>
    public PacketWriter WriterOf(int substream)
    {
        int index = 0;
        while (substream >= _writers[index].FirstSubstream + _writers[index].Destinations)
        {
            index++;
        }

        return _writers[index];
    }

    /// <summary>Takes a writer, which is disposed on failure; gives the number of its first substream.</summary>
    /// <exception cref="InvalidOperationException">A heap was sent, or the stream was stopped.</exception>
    /// <exception cref="Spead2Exception">It cannot carry the stream's packets.</exception>
    public int Add(PacketWriter writer)
    {
        try
        {
            lock (Gate)
            {
                ThrowIfSealed();
                if (Settings.MaxPacketSize > writer.MaxPacketSize)
                {
                    throw StatusException.Argument(string.Create(
                        CultureInfo.InvariantCulture,
                        $"MaxPacketSize is {Settings.MaxPacketSize}, but this writer carries at most " +
                        $"{writer.MaxPacketSize} bytes"));
                }

                int first = _substreams;
                int count = checked(first + writer.Destinations);
                _writers.Add(writer);
                writer.FirstSubstream = first;
                Volatile.Write(ref _substreams, count);
                return first;
            }
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Queues a group, all or nothing.</summary>
    /// <returns>Success, <see cref="Spead2Status.QueueFull"/> or <see cref="Spead2Status.Stopped"/>.</returns>
    /// <exception cref="Spead2Exception">Packets cannot carry a heap.</exception>
    public Spead2Status Send(ReadOnlySpan<HeapSending> heaps, GroupMode mode, ISendCompletion? completion)
    {
        bool post;
        lock (Gate)
        {
            Spead2Status status = Enqueue(heaps, mode, completion);
            if (status != Spead2Status.Success)
            {
                return status;
            }

            post = IsIdle;
            IsIdle = false;
        }

        if (post)
        {
            Loop.Post(_pump);
        }

        return Spead2Status.Success;
    }

    /// <summary>Sets the sequence of automatic heap cnts.</summary>
    public void SetCntSequence(ulong next, ulong step)
    {
        lock (Gate)
        {
            _nextCnt = next;
            _cntStep = step;
        }
    }

    /// <summary>
    /// Waits until every group that was queued before the call has been completed; false if the time ran out.
    /// </summary>
    public bool Flush(TimeSpan timeout)
    {
        long last;
        lock (Gate)
        {
            last = Queued;
        }

        return WaitFor(static (core, heaps) => core.Told >= heaps, last, timeout);
    }

    /// <summary>Stops the stream for good, and waits until that is so, unless the caller is the stream's thread.</summary>
    public void Stop()
    {
        BeginStop();
        if (!Loop.IsCurrent)
        {
            WaitFor(static (core, _) => core._ended, 0, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Stops the stream for good, without waiting.</summary>
    public void BeginStop()
    {
        lock (Gate)
        {
            IsStopped = true;
        }

        // Also while it waits for a writer or for its rate.
        Loop.Post(_pump);
    }

    /// <summary>Gives up everything that the stream has. Calling it again does nothing. Not on the stream's thread.</summary>
    public void Destroy()
    {
        if (Interlocked.Exchange(ref _destroyed, 1) != 0)
        {
            return;
        }

        Stop();
        _writers.ForEach(writer => writer.Disarm());
        Loop.Barrier();
        Free(wait: true);
        Log.Flush();
    }

    /// <summary>The same for a stream that nobody has any more, without waiting.</summary>
    public void Abandon()
    {
        if (Interlocked.Exchange(ref _destroyed, 1) == 0)
        {
            BeginStop();
            Loop.Post(new FreeTask(this));
        }
    }

    /// <summary>Frees the places of the first group: another may have them.</summary>
    public void FreePlaces(int heaps, in SendResult result)
    {
        lock (Gate)
        {
            Freed += heaps;
            _counters.Count(heaps, result);
        }
    }

    /// <summary>The completion of a group has returned.</summary>
    public void TellCompleted(int heaps)
    {
        lock (Gate)
        {
            Told += heaps;
        }

        Interlocked.MemoryBarrier();
        _completed.WakeAll();
    }

    /// <summary>The task has seen the stop.</summary>
    public void TellEnded()
    {
        lock (Gate)
        {
            _ended = true;
        }

        Interlocked.MemoryBarrier();
        _completed.WakeAll();
    }

    private void ThrowIfSealed()
    {
        if (Queued != 0 || IsStopped)
        {
            throw new InvalidOperationException(
                $"The stream has {(IsStopped ? "been stopped" : "sent heaps")}; add all writers before that.");
        }
    }

    /// <summary>Fills the places of a group. Under the lock.</summary>
    private Spead2Status Enqueue(ReadOnlySpan<HeapSending> heaps, GroupMode mode, ISendCompletion? completion)
    {
        if (IsStopped)
        {
            return Spead2Status.Stopped;
        }

        ulong nextCnt = _nextCnt;
        int begun = 0;
        bool queued = false;
        try
        {
            for (int i = 0; i < heaps.Length; i++)
            {
                ThrowIfNoDestination(heaps[i], i);
                if (Queued + i - Freed >= _queue.Length)
                {
                    _counters.HeapsRefused += heaps.Length;
                    return Spead2Status.QueueFull;
                }

                heaps[i].Heap!.BeginSending();
                begun++;
                FillPlace(heaps[i], i, ref nextCnt);
            }

            queued = true;
        }
        finally
        {
            foreach (HeapSending sending in queued ? [] : heaps[..begun])
            {
                sending.Heap!.EndSending();
            }
        }

        ref QueuedHeap group = ref Place(Queued);
        group.Heaps = heaps.Length;
        group.Unfinished = heaps.Length;
        group.Mode = mode;
        group.Completion = completion;
        _nextCnt = nextCnt;
        Queued += heaps.Length;
        return Spead2Status.Success;
    }

    private void ThrowIfNoDestination(in HeapSending sending, int index)
    {
        if (sending.Heap is null)
        {
            throw Refuse(index, $"heap is missing");
        }

        if (sending.Substream >= (ulong)_substreams)
        {
            throw Refuse(index, $"substream is {sending.Substream}, but the stream has {_substreams} substreams");
        }
    }

    /// <summary>Fills the place of one heap of a group. Under the lock.</summary>
    private void FillPlace(in HeapSending sending, int index, ref ulong nextCnt)
    {
        if (!double.IsFinite(sending.Rate))
        {
            throw Refuse(index, $"rate must be a finite number");
        }

        SendHeap heap = sending.Heap!;
        ulong cnt = (ulong)sending.Cnt;
        if (sending.Cnt < 0)
        {
            cnt = nextCnt & heap.LargestPayload;
            nextCnt += _cntStep;
        }
        else if (cnt > heap.LargestPayload)
        {
            throw Refuse(index, $"cnt is {cnt}, which SPEAD-64-{heap.AddressBits} cannot carry");
        }

        ref QueuedHeap place = ref Place(Queued + index);
        place = new() { Substream = (int)sending.Substream, NsPerByte = Limiter.NsPerByte(sending.Rate) };
        place.Packetizer.Begin(heap, cnt, Settings.MaxPacketSize);
    }

    private static Spead2Exception Refuse(int index, DefaultInterpolatedStringHandler what) => StatusException.Argument(
        $"heaps[{index}].{string.Create(CultureInfo.InvariantCulture, ref what)}");

    /// <summary>Sleeps until a condition holds under the lock; false if the time ran out.</summary>
    private bool WaitFor(Func<SendCore, long, bool> condition, long heaps, TimeSpan timeout)
    {
        long start = Clock.Now;
        while (true)
        {
            int key = _completed.Prepare();
            bool holds;
            lock (Gate)
            {
                holds = condition(this, heaps);
            }

            double left = timeout == Timeout.InfiniteTimeSpan
                ? double.PositiveInfinity
                : timeout.TotalMilliseconds - ((double)(Clock.Now - start) / Clock.NanosecondsPerMillisecond);
            if (holds || left <= 0)
            {
                _completed.Cancel();
                return holds;
            }

            _completed.Wait(key, double.IsInfinity(left) ? Timeout.Infinite : (int)Math.Min(Math.Ceiling(left), int.MaxValue));
        }
    }

    private void Free(bool wait)
    {
        foreach (PacketWriter writer in _writers)
        {
            writer.Dispose();
        }

        _pump.Dispose();
        _thread.Unassign();
        _threads.Release(wait);
    }

    /// <summary>Frees a stream behind its last task.</summary>
    private sealed class FreeTask(SendCore core) : LoopTask
    {
        public override void Run() => core.Free(wait: false);
    }
}

/// <summary>Counters of a send stream.</summary>
internal struct SendCounters
{
    public long Heaps;
    public long Groups;
    public long Packets;
    public long Bytes;
    public long PacketsFailed;
    public long HeapsFailed;
    public long HeapsRefused;
    public long WriterBlocked;
    public long RateWaits;
    public long RateLateNsMax;

    /// <summary>A group has been completed.</summary>
    public void Count(int heaps, in SendResult result)
    {
        Heaps += heaps;
        Groups++;
        Packets += result.Packets;
        Bytes += result.Bytes;
        PacketsFailed += result.FailedPackets;
        HeapsFailed += result.IsSuccess ? 0 : heaps;
    }

    public readonly SendStatistics ToStatistics(long queued) => new()
    {
        Heaps = Heaps,
        Groups = Groups,
        Packets = Packets,
        Bytes = Bytes,
        PacketsFailed = PacketsFailed,
        HeapsFailed = HeapsFailed,
        HeapsRefused = HeapsRefused,
        WriterBlocked = WriterBlocked,
        RateWaits = RateWaits,
        RateLateMax = TimeSpan.FromTicks(RateLateNsMax / TimeSpan.NanosecondsPerTick),
        HeapsQueued = queued,
    };
}
