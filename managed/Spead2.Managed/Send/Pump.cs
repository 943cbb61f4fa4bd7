// SPDX-License-Identifier: MIT

using Spead2.Managed.Linux;
using Spead2.Send;

namespace Spead2.Managed;

/// <summary>
/// The task of a send stream: cuts packets, hands them to the writers at the stream's rate, completes. All of it on the
/// stream's thread.
/// </summary>
internal sealed class Pump : LoopTask, IDisposable
{
    /// <summary>
    /// With <see cref="Pacing.Packets"/> so many bytes, but at least one packet, go out at a time.
    /// </summary>
    public const int PacedBurst = 16384;

    // Batches of one slice, so that other work of the thread gets its turn.
    private const int BatchesPerSlice = 16;

    // Error numbers that say that there is no memory: ERROR_NOT_ENOUGH_MEMORY and ERROR_OUTOFMEMORY.
    private const int WindowsNotEnoughMemory = 8;
    private const int WindowsOutOfMemory = 14;

    private readonly SendCore _core;
    private readonly Batch _batch;

    // Heaps that all packets were cut of, ever: up to the group that is being cut.
    private long _cut;
    private bool _hasEnded;

    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public Pump(SendCore core)
    {
        _core = core;
        _batch = new(core.Settings.MaxPacketSize);
    }

    public override void Run()
    {
        // A timer may run it when all is over.
        for (int i = 0; i < BatchesPerSlice && !_hasEnded; i++)
        {
            if (IsStopped())
            {
                End();
                return;
            }

            bool written = WriteBatch();
            CompleteFinished();
            if (!written)
            {
                return;
            }

            _core.Limiter.Close();
            if (!IsDue() || !TakeBatch())
            {
                return;
            }
        }

        if (!_hasEnded)
        {
            _core.Loop.Post(this);
        }
    }

    public void Dispose() => _batch.Dispose();

    private static bool IsMemory(int error) => OperatingSystem.IsWindows()
        ? error is WindowsNotEnoughMemory or WindowsOutOfMemory
        : error == Libc.ENOMEM;

    private bool IsStopped()
    {
        lock (_core.Gate)
        {
            return _core.IsStopped;
        }
    }

    /// <summary>The heap whose packet is next in a group that is not finished.</summary>
    private ref QueuedHeap NextOfGroup(long first, ref QueuedHeap group)
    {
        while (true)
        {
            ref QueuedHeap heap = ref _core.Place(first + group.Turn);
            bool finished = heap.Packetizer.IsFinished;
            if (finished || group.Mode == GroupMode.RoundRobin)
            {
                group.Turn = group.Turn + 1 == group.Heaps ? 0 : group.Turn + 1;
            }

            if (!finished)
            {
                return ref heap;
            }
        }
    }

    /// <summary>Cuts packets until the batch or the burst is full, or no heap is left.</summary>
    private void CutBatch(long queued)
    {
        _batch.Clear();
        while (_cut != queued && !_batch.IsFull && !_core.Limiter.IsFull)
        {
            ref QueuedHeap group = ref _core.Place(_cut);
            ref QueuedHeap heap = ref NextOfGroup(_cut, ref group);
            int length = _batch.Cut(ref heap.Packetizer, _cut, _core.WriterOf(heap.Substream), heap.Substream);
            group.OnTheirWay++;
            group.Unfinished -= heap.Packetizer.IsFinished ? 1 : 0;
            _core.Limiter.Add(length, heap.NsPerByte);
            if (group.Unfinished == 0)
            {
                _cut += group.Heaps;
            }
        }
    }

    /// <summary>What became of the next packet is noted at its group.</summary>
    private void SettleNext()
    {
        ref PacketOut packet = ref _batch[_batch.Done];
        ref QueuedHeap group = ref _core.Place(_batch.GroupOf(_batch.Done));
        _batch.Done++;
        group.OnTheirWay--;
        if (packet.Error == 0 && packet.Status == Spead2Status.Success)
        {
            group.Bytes += packet.Length;
            group.Packets++;
            return;
        }

        group.Failed++;
        if (group.Status == Spead2Status.Success)
        {
            group.Status =
                packet.Status != Spead2Status.Success ? packet.Status
                : IsMemory(packet.Error) ? Spead2Status.OutOfMemory
                : Spead2Status.OperatingSystem;
            group.OsCode = packet.Error;
        }
    }

    /// <summary>Hands the batch over. False if a writer has no room; it runs the task when it has.</summary>
    private bool WriteBatch()
    {
        while (!_batch.IsDone)
        {
            PacketWriter writer = _batch.NextWriter;
            Span<PacketOut> packets = _batch.NextPackets;
            int dealt = writer.Write(packets);
            for (int i = 0; i < dealt; i++)
            {
                SettleNext();
            }

            if (dealt == packets.Length)
            {
                continue;
            }

            lock (_core.Gate)
            {
                _core.Counters.WriterBlocked++;
            }

            int error = writer.Arm(this);
            if (error == 0)
            {
                return false;
            }

            // Nobody would tell when there is room: the packet counts as failed.
            _batch[_batch.Done].Error = error;
            SettleNext();
        }

        return true;
    }

    private void CompleteFinished()
    {
        while (_core.Freed != _cut && _core.Place(_core.Freed).OnTheirWay == 0)
        {
            CompleteFirst();
        }
    }

    /// <summary>Frees the places of the first group and says what became of it.</summary>
    private void CompleteFirst()
    {
        long first = _core.Freed;
        ref QueuedHeap group = ref _core.Place(first);
        SendResult result = new()
        {
            Status = group.Status,
            OsCode = group.OsCode,
            Bytes = group.Bytes,
            Packets = group.Packets,
            FailedPackets = group.Failed,
        };
        ISendCompletion? completion = group.Completion;
        int heaps = group.Heaps;
        group.Completion = null;
        for (int i = 0; i < heaps; i++)
        {
            ref QueuedHeap heap = ref _core.Place(first + i);
            heap.Packetizer.Heap!.EndSending();
            heap.Packetizer.End();
        }

        _core.FreePlaces(heaps, result);
        completion?.Complete(result);
        _core.TellCompleted(heaps);
    }

    /// <summary>The user has stopped the stream: what is left is completed without being sent.</summary>
    private void End()
    {
        long queued;
        lock (_core.Gate)
        {
            queued = _core.Queued;
        }

        while (_core.Freed != queued)
        {
            ref QueuedHeap group = ref _core.Place(_core.Freed);
            if ((group.Unfinished != 0 || group.OnTheirWay != 0) && group.Status == Spead2Status.Success)
            {
                group.Status = Spead2Status.Stopped;
            }

            CompleteFirst();
        }

        _cut = queued;
        _batch.Clear();
        _hasEnded = true;
        _core.TellEnded();
    }

    /// <summary>Whether the next packet may go out; if not, the task runs when it may.</summary>
    private bool IsDue()
    {
        RateLimiter limiter = _core.Limiter;
        if (limiter.MaySend)
        {
            return true;
        }

        long now = Clock.Now;
        switch (limiter.Step(now))
        {
            case RateStep.Send:
                return true;
            case RateStep.Spin:
                while (Clock.Now < limiter.NotBefore)
                {
                    Thread.SpinWait(1);
                }

                return true;
        }

        lock (_core.Gate)
        {
            _core.Counters.RateWaits++;
        }

        _core.Loop.PostAfter(
            this,
            TimeSpan.FromTicks((limiter.Alarm - now + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick));
        return false;
    }

    /// <summary>Packets are about to be cut: lets the limiter see the clock if it needs that.</summary>
    private void StartBurst()
    {
        if (_core.Limiter.IsRunning)
        {
            return;
        }

        long late = _core.Limiter.Start(Clock.Now);
        if (late > _core.Counters.RateLateNsMax)
        {
            lock (_core.Gate)
            {
                _core.Counters.RateLateNsMax = late;
            }
        }
    }

    /// <summary>Cuts the next batch. False if there is nothing to send: users post the task again.</summary>
    private bool TakeBatch()
    {
        long queued;
        lock (_core.Gate)
        {
            queued = _core.Queued;
            _core.IsIdle = queued == _cut && !_core.IsStopped;
        }

        if (queued == _cut)
        {
            _core.Limiter.Rest();
            return false;
        }

        StartBurst();
        CutBatch(queued);
        return true;
    }
}
