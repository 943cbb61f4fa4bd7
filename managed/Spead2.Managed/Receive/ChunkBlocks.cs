// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Chunks;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>The memory of a group's chunks. Those that nobody frees are freed by the finalizer.</summary>
internal sealed unsafe class ChunkBlocks
{
    private readonly ChunkMemory[] _chunks;
    private readonly MemoryBlock[] _userBlocks;
    private readonly RootedAllocator? _memory;

    public ChunkBlocks(ChunkGroupOptions options, MemoryAllocator? memory)
    {
        int count = options.ChunksMade;
        _chunks = new ChunkMemory[count];
        _userBlocks = new MemoryBlock[count];
        memory?.ThrowIfDisposed();
        memory?.BeginUse();
        _memory = memory is null ? null : new(memory);
        try
        {
            for (int i = 0; i < count; i++)
            {
                Allocate(i, options);
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
        ChunkMemory chunk = _chunks[index];
        _chunks[index] = default;
        if (_memory is null)
        {
            FreeSystem(chunk.Data, chunk.DataSize);
        }
        else if (chunk.Data is not null)
        {
            _memory.Free(_userBlocks[index]);
        }

        NativeMemory.Free(chunk.Present);
        NativeMemory.Free(chunk.Extra);
    }

    /// <summary>The user's allocator need not serve the group any more.</summary>
    public void EndUse() => _memory?.Allocator.EndUse(wait: false);

    private static void FreeSystem(byte* data, long size)
    {
        if (data is not null)
        {
            SystemMemory.Free(data, (nuint)size);
        }
    }

    private void Allocate(int index, ChunkGroupOptions options)
    {
        byte* data = _memory is null ? SystemMemory.Allocate((nuint)options.DataSize) : AllocateUser(index, options.DataSize);
        byte* present = (byte*)NativeMemory.AllocZeroed((nuint)options.PresentSize);
        byte* extra = options.ExtraSize == 0 ? null : (byte*)NativeMemory.AllocZeroed((nuint)options.ExtraSize);
        _chunks[index] = new(
            (nint)data, options.DataSize, (nint)present, options.PresentSize, (nint)extra, options.ExtraSize);
        if (data is null)
        {
            throw StatusException.NoMemory(
                $"the chunks ({nameof(ChunkGroupOptions.Chunks)} and {nameof(ChunkGroupOptions.DataSize)} decide their size)");
        }

        NativeMemory.Clear(data, (nuint)options.DataSize);
    }

    private byte* AllocateUser(int index, long size)
    {
        MemoryBlock block = _memory!.Allocate(size, default);
        if (block.Address is not null && block.Size < size)
        {
            _memory.Free(block);
            return null;
        }

        _userBlocks[index] = block;
        return (byte*)block.Address;
    }

    private void FreeAll()
    {
        for (int i = 0; i < _chunks.Length; i++)
        {
            Free(i);
        }
    }
}
