// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>The memory of a group's chunks. Those that nobody frees are freed by the finalizer.</summary>
internal sealed unsafe class ChunkBlocks
{
    // Data, presence and extra data.
    private const int Parts = 3;

    private readonly ChunkMemory[] _chunks;
    private readonly MemoryBlock[] _blocks;
    private readonly RootedAllocator? _memory;

    public ChunkBlocks(ChunkGroupOptions options, MemoryAllocator? memory)
    {
        int count = options.ChunksMade;
        _chunks = new ChunkMemory[count];
        _blocks = new MemoryBlock[count * Parts];
        memory?.ThrowIfDisposed();
        memory?.BeginUse();
        _memory = memory is null ? null : new(memory);
        try
        {
            for (int i = 0; i < count; i++)
            {
                _chunks[i] = new(
                    Allocate(i * Parts, options.DataSize), options.DataSize,
                    Allocate(i * Parts + 1, options.PresentSize), options.PresentSize,
                    Allocate(i * Parts + 2, options.ExtraSize), options.ExtraSize);
            }
        }
        catch
        {
            FreeAll();
            EndUse();
            GC.SuppressFinalize(this);
            throw;
        }
    }

    ~ChunkBlocks() => FreeAll();

    public ChunkMemory this[int index] => _chunks[index];

    /// <summary>Frees the memory of a chunk; again, it does nothing.</summary>
    public void Free(int index)
    {
        _chunks[index] = default;
        foreach (ref MemoryBlock block in _blocks.AsSpan(index * Parts, Parts))
        {
            MemoryBlock freed = block;
            block = default;
            if (freed.Address is null)
            {
                continue;
            }

            if (_memory is null)
            {
                SystemMemory.Free((byte*)freed.Address, (nuint)freed.Size);
            }
            else
            {
                _memory.Free(freed);
            }
        }
    }

    /// <summary>The user's allocator need not serve the group any more.</summary>
    public void EndUse() => _memory?.Allocator.EndUse(wait: false);

    /// <summary>Allocates a part of a chunk and clears it; 0 if it has no bytes.</summary>
    private nint Allocate(int part, long size)
    {
        if (size == 0)
        {
            return 0;
        }

        MemoryBlock block = _memory is null
            ? new(SystemMemory.Allocate((nuint)size), size)
            : _memory.Allocate(size, default);
        _blocks[part] = block;
        if (block.Address is null || block.Size < size)
        {
            throw StatusException.NoMemory(
                $"the chunks ({nameof(ChunkGroupOptions.Chunks)}, {nameof(ChunkGroupOptions.DataSize)}, " +
                $"{nameof(ChunkGroupOptions.PresentSize)} and {nameof(ChunkGroupOptions.ExtraSize)} decide their size)");
        }

        NativeMemory.Clear(block.Address, (nuint)size);
        return (nint)block.Address;
    }

    private void FreeAll()
    {
        for (int i = 0; i < _chunks.Length; i++)
        {
            Free(i);
        }
    }
}
