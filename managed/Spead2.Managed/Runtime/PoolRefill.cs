// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Fills a memory pool, a slice at a time, so that the sources of the same thread get theirs.</summary>
internal sealed class PoolRefill(ManagedMemoryPool pool) : LoopTask
{
    private EventLoop? _loop;

    /// <summary>Has the pool filled. Not while that is under way.</summary>
    public void Begin(EventLoop loop)
    {
        _loop = loop;
        loop.Post(this);
    }

    public override void Run()
    {
        if (pool.RefillMore())
        {
            _loop!.Post(this);
        }
    }
}
