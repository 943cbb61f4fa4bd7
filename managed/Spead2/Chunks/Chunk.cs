// SPDX-License-Identifier: MIT

using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Spead2.Chunks;

/// <summary>
/// An array that the payloads of many heaps were placed in, as a <see cref="ChunkGroupBase"/> gives it: the heaps of one
/// stretch of time, for example.
/// </summary>
/// <remarks>
/// Ownership: the consumer owns a chunk from the read that gives it to <see cref="Dispose"/>, which returns it to the free
/// chunks of its group, so that later heaps are placed in it. The object is recycled, too: spans of it, and the object
/// itself, must not be used afterwards. A chunk of a group that has been disposed stays valid until it is disposed itself.
/// Threads: one at a time.
/// </remarks>
public sealed unsafe class Chunk : IDisposable
{
    private readonly IChunkOwner _owner;
    private readonly ChunkMemory _memory;
    private readonly nint[] _shape;

    // 1 while a consumer owns it.
    private int _taken;

    internal Chunk(IChunkOwner owner, ChunkMemory memory, int index, IReadOnlyList<long> shape)
    {
        _owner = owner;
        _memory = memory;
        Index = index;
        _shape = [.. shape.Select(length => (nint)length)];
    }

    /// <summary>
    /// Number of the chunk. Numbers rise from chunk to chunk, and chunks to which no heap came may be left out.
    /// </summary>
    public long Id
    {
        get
        {
            ThrowIfReturned();
            return Number;
        }
    }

    /// <summary>
    /// <see cref="ChunkOptions.StreamId"/> of the stream whose heap needed the chunk first; which one that is depends on
    /// timing.
    /// </summary>
    public long StreamId
    {
        get
        {
            ThrowIfReturned();
            return Stream;
        }
    }

    /// <summary>Numbers between the chunk before and this one of which there is no chunk; 0 for the first chunk.</summary>
    public long IdsSkipped
    {
        get
        {
            ThrowIfReturned();
            return Skipped;
        }
    }

    /// <summary>
    /// The data: 64-byte aligned unless the memory is user-supplied. What no heap was placed in has the bytes of an earlier
    /// use; <see cref="FillMissing"/> replaces them.
    /// </summary>
    /// <exception cref="OverflowException">There are more than 2 GiB; use <see cref="AsTensorSpan{T}()"/>.</exception>
    public Span<byte> Data
    {
        get
        {
            ThrowIfReturned();
            return new(_memory.Data, checked((int)_memory.DataSize));
        }
    }

    /// <summary>Bytes of <see cref="Data"/>.</summary>
    public long DataSize => _memory.DataSize;

    /// <summary>
    /// Which heaps are in the chunk, in the order of their indices: 1 for a heap that is complete, 0 for one that is not. With
    /// <see cref="ChunkOptions.PacketPresenceSize"/>: which packets.
    /// </summary>
    public ReadOnlySpan<byte> Present
    {
        get
        {
            ThrowIfReturned();
            return new(_memory.Present, checked((int)_memory.PresentSize));
        }
    }

    /// <summary>How many of <see cref="Present"/> are set. Counted with each call.</summary>
    public int PresentCount => Present.Length - Present.Count((byte)0);

    /// <summary>How many of <see cref="Present"/> are not set. Counted with each call.</summary>
    public int MissingCount => Present.Count((byte)0);

    /// <summary>The indices in <see cref="Present"/> that are not set, range by range.</summary>
    public IEnumerable<Range> MissingRanges
    {
        get
        {
            int start = NextIndex(0, isSet: false);
            while (start < _memory.PresentSize)
            {
                int end = NextIndex(start, isSet: true);
                yield return start..end;
                start = NextIndex(end, isSet: false);
            }
        }
    }

    /// <summary>
    /// What the placement has said of heaps beside their payload: <see cref="ChunkGroupOptions.ExtraSize"/> bytes.
    /// </summary>
    public Span<byte> Extra
    {
        get
        {
            ThrowIfReturned();
            return new(_memory.Extra, checked((int)_memory.ExtraSize));
        }
    }

    // What an engine sets before a consumer gets the chunk.
    internal long Number { get; set; } = -1;

    internal long Stream { get; set; }

    internal long Skipped { get; set; }

    /// <summary>The owner's: which of its chunks it is.</summary>
    internal int Index { get; }

    internal IChunkOwner Owner => _owner;

    /// <summary>The engine's: slices that may write to the chunk.</summary>
    internal int References { get; set; }

    /// <summary>The engine's: the data was not in the caches when the chunk began.</summary>
    internal bool IsFar { get; set; }

    internal ChunkMemory Memory => _memory;

    /// <summary>The data as elements.</summary>
    /// <exception cref="ArgumentException">The bytes are no whole number of elements.</exception>
    public Span<T> AsSpan<T>()
        where T : unmanaged
    {
        ThrowIfReturned();
        return new(_memory.Data, checked((int)CountOf<T>()));
    }

    /// <summary>
    /// The data as an array of <see cref="ChunkGroupOptions.Shape"/>, slowest axis first; one axis if none is declared.
    /// </summary>
    /// <exception cref="ArgumentException">The elements of the shape are not the bytes of the data.</exception>
    public TensorSpan<T> AsTensorSpan<T>()
        where T : unmanaged
    {
        ThrowIfReturned();
        long count = CountOf<T>();
        if (_shape.Length == 0)
        {
            return new((T*)_memory.Data, (nint)count);
        }

        long declared = _shape.Aggregate(1L, (product, length) => checked(product * length));
        return declared == count
            ? new((T*)_memory.Data, (nint)count, _shape, [])
            : throw new ArgumentException(
                $"The shape of the chunk, [{string.Join(", ", _shape)}], has {declared} elements; " +
                $"its {_memory.DataSize} bytes are {count} {typeof(T).Name}.");
    }

    /// <summary>
    /// Writes a value to the bytes of each heap that is missing, where all heaps are equally large and stand in the order of
    /// their indices, as those of a <see cref="ChunkLayout"/> do by default.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The bytes of the chunk cannot be divided among the indices, or those of a heap are no whole number of values.
    /// </exception>
    public void FillMissing<T>(T value)
        where T : unmanaged
    {
        ThrowIfReturned();
        if (_memory.DataSize % _memory.PresentSize != 0)
        {
            throw new ArgumentException(
                $"The {_memory.DataSize} bytes of the chunk cannot be divided among its {_memory.PresentSize} indices.");
        }

        long size = _memory.DataSize / _memory.PresentSize;
        if (size % sizeof(T) != 0)
        {
            throw new ArgumentException($"The {size} bytes of each index are no whole number of {typeof(T).Name}.");
        }

        ReadOnlySpan<byte> present = Present;
        for (int i = 0; i < present.Length; i++)
        {
            if (present[i] == 0)
            {
                new Span<T>(_memory.Data + i * size, checked((int)(size / sizeof(T)))).Fill(value);
            }
        }
    }

    /// <summary>Returns the chunk to its group. Calling it again does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _taken, 0) != 0)
        {
            _owner.Return(this);
        }
    }

    /// <summary>A consumer owns the chunk from now on.</summary>
    internal void Take() => Volatile.Write(ref _taken, 1);

    private void ThrowIfReturned() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _taken) == 0, this);

    private long CountOf<T>()
        where T : unmanaged
    {
        (long count, long rest) = Math.DivRem(_memory.DataSize, Unsafe.SizeOf<T>());
        return rest == 0
            ? count
            : throw new ArgumentException($"The {_memory.DataSize} bytes of the chunk are no whole number of {typeof(T).Name}.");
    }

    /// <summary>The next index that is set or not; the end if there is none.</summary>
    private int NextIndex(int start, bool isSet)
    {
        ReadOnlySpan<byte> rest = Present[start..];
        int next = isSet ? rest.IndexOfAnyExcept((byte)0) : rest.IndexOf((byte)0);
        return next < 0 ? start + rest.Length : start + next;
    }
}

/// <summary>Where chunks come from and return to.</summary>
internal interface IChunkOwner
{
    /// <summary>Takes a chunk back that a consumer has disposed.</summary>
    void Return(Chunk chunk);

    /// <summary>Frees the memory of a chunk that nobody uses any more. With or without locks.</summary>
    void Free(Chunk chunk);
}

/// <summary>The memory of a chunk.</summary>
internal readonly unsafe record struct ChunkMemory(
    nint DataAddress, long DataSize, nint PresentAddress, long PresentSize, nint ExtraAddress, long ExtraSize)
{
    public byte* Data => (byte*)DataAddress;

    public byte* Present => (byte*)PresentAddress;

    public byte* Extra => (byte*)ExtraAddress;
}
