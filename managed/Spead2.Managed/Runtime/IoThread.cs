// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>A thread of a pool, and how many readers it has.</summary>
internal sealed class IoThread(EventLoop loop)
{
    private int _readers;

    public EventLoop Loop { get; } = loop;

    public int Readers => Volatile.Read(ref _readers);

    public void Assign() => Interlocked.Increment(ref _readers);

    public void Unassign() => Interlocked.Decrement(ref _readers);
}
