// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Tools.CaptureFiles;

namespace Spead2.Tools.Record;

/// <summary>
/// Whole records of a capture, in memory that can be written directly: one thread fills it, then another writes it.
/// </summary>
internal sealed unsafe class Chunk(CaptureFormat format) : IDisposable
{
    /// <summary>Bytes of a chunk: a write of that size is as fast as larger ones.</summary>
    public const int Size = 4 << 20;

    private readonly byte* _bytes = (byte*)NativeMemory.AlignedAlloc(Size, CaptureFormat.Alignment);
    private readonly List<HeapPlace> _heaps = [];

    /// <summary>Bytes in it.</summary>
    public int Length { get; private set; }

    /// <summary>Datagrams in it.</summary>
    public int Datagrams { get; private set; }

    /// <summary>When the first datagram arrived, in nanoseconds since 1970.</summary>
    public long FirstNs { get; private set; }

    /// <summary>When the last datagram arrived, in nanoseconds since 1970.</summary>
    public long LastNs { get; private set; }

    /// <summary>Whether a new file begins with it.</summary>
    public bool BeginsFile { get; set; }

    /// <summary>Whether the file ends with it.</summary>
    public bool EndsFile { get; set; }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => new(_bytes, Length);

    /// <summary>Heaps that begin in it; offsets are from its beginning.</summary>
    public IReadOnlyList<HeapPlace> Heaps => _heaps;

    /// <summary>Makes it empty.</summary>
    public void Clear()
    {
        Length = 0;
        Datagrams = 0;
        BeginsFile = false;
        EndsFile = false;
        _heaps.Clear();
    }

    /// <summary>Writes what a file begins with into an empty chunk.</summary>
    public void WriteStart()
    {
        Length = format.WriteStart(new(_bytes, Size));
        Pad(default);
    }

    /// <summary>Adds a datagram; false if there is no room.</summary>
    public bool TryAdd(in Datagram datagram, ReadOnlySpan<byte> bytes, ulong? newHeap)
    {
        int length = IpPacket.HeaderSize(datagram.To) + bytes.Length;
        int size = format.RecordSize(length);
        if (size > Size - format.MostPadding - Length)
        {
            return false;
        }

        Span<byte> record = new(_bytes + Length, size);
        IpPacket.Write(format.WriteRecord(record, datagram.TimeNs, length), datagram.From, datagram.To, bytes);
        if (newHeap is { } cnt)
        {
            _heaps.Add(new(cnt, datagram.TimeNs, Length));
        }

        FirstNs = Datagrams == 0 ? datagram.TimeNs : FirstNs;
        LastNs = datagram.TimeNs;
        Length += size;
        Datagrams++;
        return true;
    }

    /// <summary>Adds bytes as they are, and others in front of them; false, and none of them, if there is no room.</summary>
    public bool TryAppend(ReadOnlySpan<byte> front, ReadOnlySpan<byte> bytes)
    {
        if (front.Length + bytes.Length > Size - Length)
        {
            return false;
        }

        front.CopyTo(new(_bytes + Length, front.Length));
        bytes.CopyTo(new(_bytes + Length + front.Length, bytes.Length));
        Length += front.Length + bytes.Length;
        return true;
    }

    /// <summary>Leaves out the datagrams before the first that arrived at a time or later.</summary>
    public void DropBefore(long timeNs)
    {
        int start = 0;
        while (start < Length)
        {
            int size = format.ReadRecord(Bytes[start..], out long recordNs);
            if (recordNs >= timeNs)
            {
                FirstNs = recordNs;
                break;
            }

            start += size;
            Datagrams--;
        }

        Bytes[start..].CopyTo(new(_bytes, Size));
        Length -= start;
        _heaps.RemoveAll(heap => heap.Offset < start);
        for (int i = 0; i < _heaps.Count; i++)
        {
            _heaps[i] = _heaps[i] with { Offset = _heaps[i].Offset - start };
        }
    }

    /// <summary>Ends it, so that it can be written.</summary>
    public void Pad(CaptureCounts counts) =>
        Length += format.Pad(new(_bytes + Length, Size - Length), Length, LastNs, counts);

    public void Dispose() => NativeMemory.AlignedFree(_bytes);
}
