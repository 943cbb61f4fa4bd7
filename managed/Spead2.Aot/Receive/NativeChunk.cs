// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Chunks;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>A chunk of a C program's: its memory, and the group that it was popped from.</summary>
internal sealed unsafe class NativeChunk : IChunkOwner
{
    private readonly CountedAllocator? _allocator;
    private readonly MemoryBlock[] _blocks = new MemoryBlock[3];
    private readonly delegate* unmanaged[Cdecl]<void*, void*, void*, void*, void> _free;
    private readonly void* _context;
    private readonly sp2_chunk_memory _supplied;
    private bool _isFree;

    /// <param name="memory">Valid.</param>
    /// <param name="allocator">Where what is not user-supplied lives; null: pages of the operating system.</param>
    /// <exception cref="Spead2Exception">There is no memory.</exception>
    public NativeChunk(in sp2_chunk_memory memory, CountedAllocator? allocator)
    {
        _allocator = allocator;
        try
        {
            Chunk = new(
                this,
                new(
                    (nint)Allocate(0, memory.data, memory.data_size), (long)memory.data_size,
                    (nint)Allocate(1, memory.present, memory.present_size), (long)memory.present_size,
                    (nint)Allocate(2, memory.extra, memory.extra_size), (long)memory.extra_size),
                index: 0,
                shape: []);
        }
        catch (Exception exception) when (exception is OutOfMemoryException or Spead2Exception)
        {
            FreeBlocks();
            throw StatusException.NoMemory(
                $"a chunk of {memory.data_size} bytes of data, {memory.present_size} of presence and {memory.extra_size} of extra data");
        }

        _supplied = memory;
        _free = memory.free;
        _context = memory.context;
    }

    public Chunk Chunk { get; }

    /// <summary>The group that it was popped from, which it holds; null if it came from none.</summary>
    public NativeChunkGroup? Group { get; set; }

    /// <summary>Entries of its presence that are set, when it was popped.</summary>
    public long PresentCount { get; set; }

    /// <summary>What the chunk is, for the program.</summary>
    public sp2_chunk_info Info => new()
    {
        id = Chunk.Number,
        stream_id = (ulong)Chunk.Stream,
        data = Chunk.Memory.Data,
        data_size = (ulong)Chunk.Memory.DataSize,
        present = Chunk.Memory.Present,
        present_size = (ulong)Chunk.Memory.PresentSize,
        present_count = (ulong)PresentCount,
        extra = Chunk.Memory.Extra,
        extra_size = (ulong)Chunk.Memory.ExtraSize,
        ids_skipped = (ulong)Chunk.Skipped,
    };

    /// <inheritdoc/>
    public void Return(Chunk chunk) => Free(chunk);

    /// <inheritdoc/>
    public void Free(Chunk chunk)
    {
        if (_isFree)
        {
            return;
        }

        _isFree = true;
        FreeBlocks();
        if (_free is not null)
        {
            _free(_context, _supplied.data, _supplied.present, _supplied.extra);
        }
    }

    private byte* Allocate(int part, void* supplied, ulong size)
    {
        if (supplied is not null || size == 0)
        {
            return (byte*)supplied;
        }

        // More than can be addressed, or than the engine can count.
        if (size > (part == 0 ? (ulong)long.MaxValue : int.MaxValue))
        {
            throw StatusException.NoMemory("a part of a chunk");
        }

        MemoryBlock block = _allocator is null
            ? new(SystemMemory.Allocate((nuint)size), (long)size)
            : _allocator.Allocate((long)size, default);
        if (block.Address is null)
        {
            throw StatusException.NoMemory("a part of a chunk");
        }

        _blocks[part] = block;
        NativeMemory.Clear(block.Address, (nuint)size);
        return (byte*)block.Address;
    }

    private void FreeBlocks()
    {
        foreach (MemoryBlock block in _blocks)
        {
            if (block.Address is null)
            {
                continue;
            }

            if (_allocator is null)
            {
                SystemMemory.Free((byte*)block.Address, (nuint)block.Size);
            }
            else
            {
                _allocator.Free(block);
            }
        }
    }
}
