// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed;

/// <summary>
/// Packets that were cut, in order; the room for their heads and pieces is allocated once. The stream's thread.
/// </summary>
internal sealed unsafe class Batch : IDisposable
{
    /// <summary>Packets cut, and handed to a writer, at a time: what one system call takes.</summary>
    public const int Size = 64;

    private readonly int _maxPacketSize;
    private readonly PacketOut[] _packets = new PacketOut[Size];
    private readonly PacketWriter[] _writers = new PacketWriter[Size];
    private readonly long[] _groups = new long[Size];
    private readonly byte* _room;
    private readonly Piece* _pieces;
    private int _pieceCount;

    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public Batch(int maxPacketSize)
    {
        _maxPacketSize = maxPacketSize;
        _room = (byte*)NativeMemory.Alloc(Size, (nuint)maxPacketSize);
        try
        {
            _pieces = (Piece*)NativeMemory.Alloc(
                Size, (nuint)Packetizer.MostPieces(maxPacketSize) * (nuint)sizeof(Piece));
        }
        catch
        {
            NativeMemory.Free(_room);
            throw;
        }
    }

    public int Count { get; private set; }

    /// <summary>Packets that were dealt with.</summary>
    public int Done { get; set; }

    public bool IsFull => Count == Size;

    public bool IsDone => Done == Count;

    /// <summary>The writer of the next packet that was not dealt with.</summary>
    public PacketWriter NextWriter => _writers[Done];

    /// <summary>The next packets that were not dealt with, of one writer.</summary>
    public Span<PacketOut> NextPackets
    {
        get
        {
            int end = Done + 1;
            while (end != Count && _writers[end] == _writers[Done])
            {
                end++;
            }

            return _packets.AsSpan(Done..end);
        }
    }

    /// <summary>The group of a packet, by the number of its first heap.</summary>
    public long GroupOf(int packet) => _groups[packet];

    public ref PacketOut this[int packet] => ref _packets[packet];

    /// <summary>Forgets all packets.</summary>
    public void Clear()
    {
        Count = 0;
        Done = 0;
        _pieceCount = 0;
    }

    /// <summary>Cuts the next packet of a heap into the batch; gives its bytes.</summary>
    public int Cut(ref Packetizer packetizer, long group, PacketWriter writer, int substream)
    {
        Piece* pieces = _pieces + _pieceCount;
        int count = packetizer.Next(_room + ((nint)Count * _maxPacketSize), pieces, out int length);
        _pieceCount += count;
        _packets[Count] = new()
        {
            Pieces = pieces,
            PieceCount = count,
            Length = length,
            Destination = substream - writer.FirstSubstream,
        };
        _writers[Count] = writer;
        _groups[Count] = group;
        Count++;
        return length;
    }

    public void Dispose()
    {
        NativeMemory.Free(_room);
        NativeMemory.Free(_pieces);
    }
}
