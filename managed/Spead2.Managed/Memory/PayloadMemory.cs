// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// A user's allocator as the heaps of a stream use it: nothing that it throws gets out. Any thread.
/// </summary>
/// <param name="allocator">The allocator.</param>
/// <param name="log">Where its first failure is said.</param>
/// <param name="customStatistics">What it may write to.</param>
internal sealed unsafe class PayloadMemory(MemoryAllocator allocator, EngineLog log, long[] customStatistics)
{
    private readonly RootedAllocator _rooted = new(allocator);
    private int _failed;

    public MemoryAllocator Allocator => _rooted.Allocator;

    /// <summary>Whether <see cref="MemoryAllocator.Back"/> does anything.</summary>
    public bool BacksBlocks => Allocator.BacksBlocks;

    /// <summary>A block for the payload of a heap; false if there is no memory.</summary>
    public bool TryTake(ulong size, in Packet packet, out PayloadBlock block, out MemoryBlock userBlock)
    {
        userBlock = Allocate(size, packet);
        block = new() { Memory = (byte*)userBlock.Address, Size = size, Usable = size };
        return block.Memory is not null;
    }

    /// <summary>A block for the payload of a heap; one with a null address if there is no memory.</summary>
    private MemoryBlock Allocate(ulong size, in Packet packet)
    {
        try
        {
            MemoryBlock block = _rooted.Allocate((long)size, packet.Describe(customStatistics));
            if (block.Address is null || block.Size >= (long)size)
            {
                return block;
            }

            Say(
                (Allocator, size, block.Size),
                static x => $"{x.Allocator.GetType()} gave {x.Size} bytes when asked for {x.size}");
            Free(block);
        }
        catch (Exception exception)
        {
            Say(
                (Allocator, size, exception),
                static x => $"{x.Allocator.GetType()} failed to allocate {x.size} bytes: "
                    + ExceptionText.Of(x.exception));
        }

        return default;
    }

    public void Free(in MemoryBlock block)
    {
        try
        {
            _rooted.Free(block);
        }
        catch (Exception exception)
        {
            Say(
                (Allocator, block.Size, exception),
                static x => $"{x.Allocator.GetType()} failed to free {x.Size} bytes: {ExceptionText.Of(x.exception)}");
        }
    }

    /// <summary>Logs the first failure.</summary>
    private void Say<TState>(TState state, Func<TState, string> text)
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0)
        {
            log.Write(MessageKind.User, LogLevel.Warning, state, text);
        }
    }
}
