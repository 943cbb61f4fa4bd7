// SPDX-License-Identifier: MIT

using Spead2.Managed;
using Spead2.Tools.CaptureFiles;

namespace Spead2.Tools.Record;

/// <summary>
/// Puts datagrams into chunks, and says which are written: all of them, or on a trigger those of the latest time. One
/// thread.
/// </summary>
internal sealed class ChunkFiller(RecordSettings settings, ChunkStore store, FileWriter writer)
{
    // What arrives is written after this time, however little it is.
    private const long MostNs = 1_000_000_000;

    private readonly HeapStarts _heaps = new();
    private readonly Queue<Chunk> _kept = [];
    private readonly long _keepNs = NsOf(settings.Keep);
    private readonly long _fileNs = NsOf(settings.RotateTime);
    private Chunk? _chunk;
    private bool _beginsFile;
    private long _fileBytes = CaptureFormat.Alignment;
    private long _fileFirstNs = long.MaxValue;
    private long _lastNs;
    private long _forgottenNs;

    /// <summary>Datagrams so far.</summary>
    public long Datagrams { get; private set; }

    /// <summary>Bytes of datagrams so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Datagrams that found all memory waiting to be written.</summary>
    public long NoMemory { get; private set; }

    /// <summary>Datagrams that were kept until they were too old, without a trigger.</summary>
    public long Forgotten { get; private set; }

    /// <summary>Triggers so far.</summary>
    public int Triggers { get; private set; }

    /// <summary>Messages that the kernel has dropped so far.</summary>
    public long KernelDrops { get; set; }

    /// <summary>Takes a datagram; true if it is a trigger.</summary>
    public bool Add(in Datagram datagram, ReadOnlySpan<byte> bytes)
    {
        Datagrams++;
        Bytes += bytes.Length;
        ulong? newHeap = null;
        bool isTrigger = false;
        if ((settings.Index || settings.Trigger is not null) &&
            PacketDecoder.Decode(bytes, out Packet packet) == PacketFault.None)
        {
            newHeap = settings.Index && _heaps.IsNew(packet.Cnt, datagram.To) ? packet.Cnt : null;
            isTrigger = settings.Trigger?.Look(packet) == true;
        }

        if (_fileNs != 0 && datagram.TimeNs - _fileFirstNs >= _fileNs)
        {
            Seal();
            _beginsFile = true;
            _fileFirstNs = datagram.TimeNs;
        }

        Put(datagram, bytes, newHeap);
        return isTrigger;
    }

    /// <summary>Has what has been waiting for long enough written.</summary>
    public void Tick(long nowNs)
    {
        if (_keepNs == 0 && _chunk is { Datagrams: > 0 } && nowNs - _chunk.FirstNs >= MostNs)
        {
            Seal();
        }
    }

    /// <summary>Has everything written that is kept; gives how much time of it did not fit in the memory.</summary>
    public TimeSpan WriteKept()
    {
        Triggers++;
        Seal();
        long from = _lastNs - _keepNs;
        TimeSpan missing = TimeSpan.FromTicks(Math.Max(0, _forgottenNs - from) / TimeSpan.NanosecondsPerTick);
        bool beginsFile = true;
        while (_kept.TryDequeue(out Chunk? chunk))
        {
            int before = chunk.Datagrams;
            chunk.DropBefore(from);
            Forgotten += before - chunk.Datagrams;
            chunk.BeginsFile = beginsFile;
            chunk.EndsFile = _kept.Count == 0;
            HandOver(chunk);
            beginsFile = false;
        }

        _forgottenNs = 0;
        return missing;
    }

    /// <summary>Has the rest written; what is kept without a trigger is not.</summary>
    public void End()
    {
        Seal();
        Forget(_kept.Count);
    }

    private static long NsOf(TimeSpan? time) => (time?.Ticks ?? 0) * TimeSpan.NanosecondsPerTick;

    private void Put(in Datagram datagram, ReadOnlySpan<byte> bytes, ulong? newHeap)
    {
        if (_chunk?.TryAdd(datagram, bytes, newHeap) != true)
        {
            Seal();
            _chunk ??= Next();
            if (_chunk?.TryAdd(datagram, bytes, newHeap) != true)
            {
                NoMemory++;
                return;
            }
        }

        _lastNs = datagram.TimeNs;
        _fileFirstNs = Math.Min(_fileFirstNs, datagram.TimeNs);
    }

    /// <summary>An empty chunk; null if all wait to be written.</summary>
    private Chunk? Next()
    {
        Chunk? chunk = store.TryTake();
        if (chunk is null && _kept.TryPeek(out Chunk? oldest))
        {
            _forgottenNs = oldest.LastNs;
            Forget(1);
            chunk = store.TryTake();
        }

        return chunk;
    }

    private void Seal()
    {
        if (_chunk is not { Datagrams: > 0 } chunk)
        {
            return;
        }

        _chunk = null;
        if (_keepNs != 0)
        {
            _kept.Enqueue(chunk);
            while (_kept.Peek().LastNs < _lastNs - _keepNs)
            {
                Forget(1);
            }

            return;
        }

        if (settings.RotateSize is { } size && _fileBytes + Chunk.Size > size)
        {
            _beginsFile = true;
        }

        chunk.BeginsFile = _beginsFile;
        HandOver(chunk);
        _fileBytes = (_beginsFile ? CaptureFormat.Alignment : _fileBytes) + chunk.Length;
        _fileFirstNs = _beginsFile ? chunk.FirstNs : _fileFirstNs;
        _beginsFile = false;
    }

    private void HandOver(Chunk chunk)
    {
        chunk.Pad(new(Datagrams, NoMemory + KernelDrops));
        writer.Add(chunk);
    }

    /// <summary>Gives up the oldest of what is kept.</summary>
    private void Forget(int count)
    {
        for (; count > 0; count--)
        {
            Chunk oldest = _kept.Dequeue();
            Forgotten += oldest.Datagrams;
            store.Return(oldest);
        }
    }
}
