// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Chunks;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>
/// A chunk group in the hands of a C program. It is held by its creator, its members and the chunks that were popped.
/// </summary>
internal sealed class NativeChunkGroup
{
    private int _holds = 1;

    public NativeChunkGroup(ChunkWindowOptions options)
    {
        Core = new(options) { Ready = Ready.Call };
    }

    public ChunkGroup Core { get; }

    /// <summary>Calls that run.</summary>
    public CallCounter Calls { get; } = new();

    public ReadyCallback Ready { get; } = new();

    /// <summary>Holds the group, which somebody holds already.</summary>
    public void Retain() => Interlocked.Increment(ref _holds);

    /// <summary>Releases one reference; with the last, the chunks that nobody has are freed.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holds) == 0)
        {
            Core.Free();
        }
    }

    /// <summary>Takes a chunk, waiting for it.</summary>
    public ReadResult PopWait(TimeSpan timeout, out Chunk? chunk)
    {
        long start = Stopwatch.GetTimestamp();
        ReadResult result;
        while ((result = Core.Pop(out chunk)) == ReadResult.Empty && Sleep(start, timeout))
        {
            // There may be one now.
        }

        return result;
    }

    /// <summary>
    /// Ends the group for its creator, after the calls that are still running, and frees the chunks that nobody has. Once.
    /// </summary>
    public void Destroy()
    {
        Core.Stop(drain: false);
        Calls.Close();
        Core.Free();
        Release();
    }

    /// <summary>Sleeps until there may be a chunk, or for the rest of the time; false if that has passed.</summary>
    private bool Sleep(long start, TimeSpan timeout)
    {
        int milliseconds = Timeout.Infinite;
        if (timeout != Timeout.InfiniteTimeSpan)
        {
            TimeSpan remaining = timeout - Stopwatch.GetElapsedTime(start);
            if (remaining <= TimeSpan.Zero)
            {
                return false;
            }

            milliseconds = (int)Math.Min(Math.Ceiling(remaining.TotalMilliseconds), int.MaxValue);
        }

        int key = Core.Waiters.Prepare();
        if (Core.Look() != ReadResult.Empty)
        {
            Core.Waiters.Cancel();
        }
        else
        {
            Core.Waiters.Wait(key, milliseconds);
        }

        return true;
    }
}
