// SPDX-License-Identifier: MIT

using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed.Tests;

/// <summary>The event loop that watches descriptors, where the kernel refuses what it asks for.</summary>
public sealed partial class EpollLoopTests
{
    private const int Watches = 2000;

    [Test]
    public void Descriptor_that_is_ready_when_watched_is_told_of()
    {
        IoThreads threads = NewThreads();
        EpollLoop loop = LoopOf(threads);
        using EventFdSignal signal = new();
        signal.Set();
        for (int i = 0; i < Watches; i++)
        {
            // The loop's thread may come to know of it before the call returns.
            using RecordingTask task = new();
            Assert.That(loop.Watch((int)signal.Handle, Interest.Readable, task, out long key), Is.Zero);
            Assert.That(task.Wait(), Is.True, "The task did not run.");
            loop.Unwatch((int)signal.Handle, key);
            loop.Barrier();
        }

        threads.Release(wait: true);
    }

    [Test]
    public void Stream_whose_epoll_fails_goes_on_and_says_so()
    {
        RecordingLogger logger = new();
        using IoThreadPool pool = new(1, logger: logger);
        IoThreads threads = ManagedIoThreads.RetainOf(pool);
        EpollLoop loop = LoopOf(threads);
        using ManagedReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 1 }, logger, pool);
        PacketSource source = stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        using UdpSender sender = new(source.Port);
        sender.Send(Packets.OfHeaps(10));
        Poll.Until(() => source.State == SourceState.Blocked, "the sink is full");

        // The source is not watched now, and the kernel refuses to watch it again.
        using (new TakenAway(loop.Descriptor))
        {
            AssertReceived(stream, 1, 10);
            Poll.Until(
                () => logger.Texts.Any(text => text.StartsWith("cannot wait for a UDP socket", StringComparison.Ordinal)),
                "the failure was told");
            sender.Send(Packets.OfHeap(11));
            AssertReceived(stream, 11, 1);
        }

        sender.Send(Packets.OfHeap(12));
        AssertReceived(stream, 12, 1);
        Assert.That(logger.Texts, Has.Some.StartsWith("cannot wait for sockets"));
        threads.Release(wait: false);
    }

    [Test]
    public void Watched_sources_receive_while_epoll_wait_fails()
    {
        RecordingLogger logger = new();
        using IoThreadPool pool = new(1, logger: logger);
        IoThreads threads = ManagedIoThreads.RetainOf(pool);
        using ManagedReceiveStream stream = new(null, logger, pool);
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        sender.Send(Packets.OfHeap(1));
        AssertReceived(stream, 1, 1);
        using (new TakenAway(LoopOf(threads).Descriptor))
        {
            threads.Barrier();
            Poll.Until(() => logger.Messages.Count != 0, "the failure was told");
            sender.Send(Packets.OfHeap(2));
            AssertReceived(stream, 2, 1);
        }

        Assert.That(logger.Texts.First(), Does.StartWith("cannot wait for sockets"));
        threads.Release(wait: false);
    }

    private static IoThreads NewThreads()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("There is no epoll.");
        }

        return new(1, [], "test", EngineLog.For(NullLogger.Instance), IoBackend.Epoll);
    }

    private static EpollLoop LoopOf(IoThreads threads)
    {
        if (threads.IdlestLoop() is not EpollLoop loop)
        {
            Assert.Ignore("There is no epoll.");
            throw new InvalidOperationException();
        }

        return loop;
    }

    private static void AssertReceived(ManagedReceiveStream stream, ulong first, int count)
    {
        for (ulong cnt = first; cnt < first + (ulong)count; cnt++)
        {
            Assert.That(stream.TryRead(out Heap? heap, Poll.Deadline), Is.True, $"Heap {cnt} has not arrived.");
            using (heap)
            {
                Assert.That(heap!.Cnt, Is.EqualTo(cnt));
            }
        }
    }

    private sealed class RecordingTask : LoopTask, IDisposable
    {
        private readonly ManualResetEventSlim _ran = new();

        public override void Run() => _ran.Set();

        public bool Wait() => _ran.Wait(Poll.Deadline);

        public void Dispose() => _ran.Dispose();
    }

    /// <summary>Something that is no epoll instance stands under the number of one until this is disposed.</summary>
    private sealed unsafe partial class TakenAway : IDisposable
    {
        private readonly int _descriptor;
        private readonly int _kept;

        public TakenAway(int descriptor)
        {
            _descriptor = descriptor;
            _kept = dup(descriptor);
            using FileStream nothing = new("/dev/null", FileMode.Open, FileAccess.Read);
            Assert.That(dup2((int)nothing.SafeFileHandle.DangerousGetHandle(), descriptor), Is.EqualTo(descriptor));
        }

        public void Dispose()
        {
            _ = dup2(_kept, _descriptor);
            _ = close(_kept);
        }

        [LibraryImport("libc")]
        private static partial int dup(int fd);

        [LibraryImport("libc")]
        private static partial int dup2(int fd, int other);

        [LibraryImport("libc")]
        private static partial int close(int fd);
    }
}
