// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

public sealed class LogTests
{
    private static readonly ReadOnlyMemory<byte> NoPacket = "no SPEAD packet"u8.ToArray();

    [Test]
    public void Messages_have_arrived_in_order_when_dispose_returns()
    {
        RecordingLogger logger = new();
        using (ReceiveStream stream = new(logger: logger))
        {
            stream.AddDatagramReader([NoPacket, .. Packets.OfHeap(7, size: 2000).Take(1)]);
            Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        }

        Assert.That(logger.Messages, Has.Count.EqualTo(2));
        (LogLevel Level, string Text)[] messages = [.. logger.Messages];
        Assert.Multiple(() =>
        {
            Assert.That(messages[0].Level, Is.EqualTo(LogLevel.Information));
            Assert.That(messages[1].Level, Is.EqualTo(LogLevel.Warning));
            Assert.That(messages[1].Text, Does.Contain("heap 7").And.Contain("2000"));
        });
    }

    [Test]
    public void Advice_on_a_socket_buffer_is_no_more_than_Linux_grants([Values(3L << 29, 1L << 40)] long size)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("Windows grants buffers of any size.");
        }

        RecordingLogger logger = new();
        using (ReceiveStream stream = new(logger: logger))
        {
            stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1", BufferSize = size });
        }

        string text = logger.Messages.Single().Text;
        Assert.That(text, Does.StartWith($"asked for a socket buffer of {size} bytes"));
        Assert.That(
            text,
            Does.Match("lost in bursts; Linux grants 1073741823 at most(; to allow that, run `sysctl -w "
                + "net.core.rmem_max=1073741823`( on the host)?)?$"));
    }

    [Test]
    public void Messages_that_were_left_out_are_said_once()
    {
        const int ManyMessages = 1000;
        RecordingLogger logger = new();
        using (ReceiveStream stream = new(logger: logger))
        {
            stream.AddDatagramReader([.. Enumerable.Repeat(NoPacket, ManyMessages)]);
            Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
            stream.Stop();
        }

        Assert.That(logger.Messages.Count(message => message.Text.Contains("more messages")), Is.EqualTo(1));
    }

    [Test]
    public void Messages_that_were_left_out_are_said_before_the_next_one()
    {
        RecordingLogger logger = new();
        using ReceiveStream stream = new(logger: logger);
        using UdpSender sender = new(stream.AddUdpReader(new UdpSourceOptions { BindHost = "127.0.0.1" }));

        Poll.Until(
            () =>
            {
                sender.Send([NoPacket]);
                return logger.Messages.Any(message => message.Text.Contains("more messages", StringComparison.Ordinal));
            },
            "what was left out in the first second is said");
    }

    [Test]
    public void Messages_arrive_without_dispose()
    {
        RecordingLogger logger = new();
        using ReceiveStream stream = new(logger: logger);
        stream.AddDatagramReader([NoPacket]);

        Poll.Until(() => logger.Messages.Count == 1, "a message has arrived");
    }

    [Test]
    public void Levels_that_the_logger_does_not_want_are_left_out()
    {
        RecordingLogger logger = new(LogLevel.Warning);
        using (ReceiveStream stream = new(logger: logger))
        {
            stream.AddDatagramReader([NoPacket, .. Packets.OfHeap(7, size: 2000).Take(1)]);
            Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        }

        Assert.That(logger.Messages.Select(message => message.Level), Is.EqualTo(new[] { LogLevel.Warning }));
    }

    [Test]
    public void Logger_that_wants_nothing_gets_nothing()
    {
        RecordingLogger logger = new(LogLevel.None);
        using (ReceiveStream stream = new(logger: logger))
        {
            stream.AddDatagramReader([NoPacket]);
            Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        }

        Assert.That(logger.Messages, Is.Empty);
    }

    [Test]
    public void Logger_runs_on_threads_of_the_pool_or_in_dispose()
    {
        RecordingLogger logger = new();
        Thread here = Thread.CurrentThread;
        bool elsewhere = false;
        logger.OnMessage = () => elsewhere |= !Thread.CurrentThread.IsThreadPoolThread && Thread.CurrentThread != here;
        for (int i = 0; i < 20; i++)
        {
            using ReceiveStream stream = new(logger: logger);
            stream.AddDatagramReader([NoPacket]);
        }

        Assert.That(elsewhere, Is.False);
    }

    [Test]
    public void Logger_that_throws_does_no_harm()
    {
        RecordingLogger logger = new() { OnMessage = () => throw new InvalidOperationException("broken logger") };
        using ReceiveStream stream = new(logger: logger);
        stream.AddDatagramReader([NoPacket, .. Packets.OfHeap(1)]);

        using Heap heap = stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(1));
    }

    [Test]
    public void Logger_may_dispose_the_stream()
    {
        RecordingLogger logger = new();
        ReceiveStream stream = new(logger: logger);
        using ManualResetEventSlim disposed = new();
        logger.OnMessage = () =>
        {
            stream.Dispose();
            disposed.Set();
        };
        stream.AddDatagramReader([NoPacket]);

        Assert.That(disposed.Wait(Poll.Deadline), Is.True);
    }

    [Test]
    public void Logger_is_let_go_with_the_stream()
    {
        WeakReference logger = LogOnce();

        Poll.Until(
            () =>
            {
                GC.Collect();
                return !logger.IsAlive;
            },
            "the logger is garbage");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference LogOnce()
    {
        RecordingLogger logger = new();
        using (ReceiveStream stream = new(logger: logger))
        {
            stream.AddDatagramReader([NoPacket]);
            Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        }

        Assert.That(logger.Messages, Has.Count.EqualTo(1));
        return new WeakReference(logger);
    }
}
