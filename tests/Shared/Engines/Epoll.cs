// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Testing.Engines;

/// <summary>An event loop as a user's own would be: Linux's epoll, level-triggered.</summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    private const int Add = 1;
    private const uint Readable = 1;

    private readonly int _fd = epoll_create1(0);

    /// <summary>Watches a descriptor; it is told by its number.</summary>
    public void Watch(nint fd)
    {
        EpollEvent what = new() { Events = Readable, Data = fd };
        Assert.That(epoll_ctl(_fd, Add, (int)fd, &what), Is.Zero);
    }

    /// <summary>Waits until a descriptor is readable.</summary>
    /// <returns>The descriptor, or null if the time ran out.</returns>
    public nint? Wait(TimeSpan timeout)
    {
        EpollEvent what;
        int count = epoll_wait(_fd, &what, 1, (int)timeout.TotalMilliseconds);
        return count == 1 && (what.Events & Readable) != 0 ? (nint)what.Data : null;
    }

    public void Dispose() => _ = close(_fd);

    [LibraryImport("libc")]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc")]
    private static partial int epoll_ctl(int epoll, int operation, int fd, EpollEvent* what);

    [LibraryImport("libc")]
    private static partial int epoll_wait(int epoll, EpollEvent* events, int capacity, int milliseconds);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    // As on x86-64; other processors align the data.
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct EpollEvent
    {
        public uint Events;
        public long Data;
    }
}
