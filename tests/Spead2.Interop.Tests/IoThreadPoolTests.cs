// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

public sealed class IoThreadPoolTests
{
    [Test]
    public void Streams_share_the_threads_of_a_pool()
    {
        int before = ProcessResources.Now.NativeThreads;
        using IoThreadPool pool = new(threads: 2);
        using ReceiveStream first = new(pool: pool);
        using ReceiveStream second = new(pool: pool);
        first.AddDatagramReader(Packets.OfHeaps(1));
        second.AddDatagramReader(Packets.OfHeaps(1));

        using Heap fromFirst = first.Read();
        using Heap fromSecond = second.Read();
        Assert.That(pool.ThreadCount, Is.EqualTo(2));
        Assert.That(ProcessResources.Now.NativeThreads - before, Is.EqualTo(2));
    }

    [Test]
    public void Pool_runs_on_until_its_last_stream_is_disposed()
    {
        int before = ProcessResources.Now.NativeThreads;
        IoThreadPool pool = new();
        ReceiveStream stream = new(pool: pool);
        pool.Dispose();
        pool.Dispose();
        stream.AddDatagramReader(Packets.OfHeaps(1));

        using Heap heap = stream.Read();
        Assert.That(ProcessResources.Now.NativeThreads, Is.EqualTo(before + 1));
        stream.Dispose();
        Assert.That(ProcessResources.Now.NativeThreads, Is.EqualTo(before));
    }

    [Test]
    public void Threads_start_with_the_first_stream()
    {
        int before = ProcessResources.Now.NativeThreads;
        using IoThreadPool pool = new(threads: 2);
        Assert.That(ProcessResources.Now.NativeThreads, Is.EqualTo(before));

        using ReceiveStream stream = new(pool: pool);
        Poll.Until(() => ProcessResources.Now.NativeThreads == before + 2, "both threads run");
    }

    [Test]
    public void Stream_on_a_disposed_pool_is_refused([Values] bool started)
    {
        IoThreadPool pool = new();
        if (started)
        {
            new ReceiveStream(pool: pool).Dispose();
        }

        pool.Dispose();

        Assert.That(() => new ReceiveStream(pool: pool), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Full_ring_of_one_stream_does_not_hold_up_another()
    {
        using IoThreadPool pool = new();
        using ReceiveStream full = new(new ReceiveStreamOptions { RingHeaps = 1 }, pool: pool);
        using ReceiveStream other = new(pool: pool);
        full.AddDatagramReader(Packets.OfHeaps(10));
        Poll.Until(() => full.Statistics.WorkerBlocked != 0, "the ring is full");
        using UdpSender sender = new(other.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        sender.Send(Packets.OfHeap(1));

        Assert.That(other.TryRead(out Heap? heap, Poll.Deadline), Is.True);
        heap!.Dispose();
    }

    [Test]
    public void Threads_are_bound_to_processors_and_a_wrong_one_is_a_warning()
    {
        const int NoSuchProcessor = 100_000;
        RecordingLogger logger = new();
        using (IoThreadPool pool = new(threads: 2, affinity: [0, NoSuchProcessor], logger))
        using (new ReceiveStream(pool: pool))
        {
            Poll.Until(() => logger.Messages.Count != 0, "a warning has arrived");
        }

        Assert.That(logger.Texts.Single(), Does.Contain($"{NoSuchProcessor}"));
    }

    [Test]
    public void Number_of_threads_that_breaks_its_rule_is_named([Values(-1, 0, 1025)] int threads)
    {
        Assert.That(
            () => new IoThreadPool(threads),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("threads must be from 1 to 1024"));
    }

    [Test]
    public void Processor_number_that_breaks_its_rule_is_named()
    {
        Assert.That(
            () => new IoThreadPool(affinity: [0, -1]),
            Throws.InstanceOf<ArgumentOutOfRangeException>()
                .With.Property(nameof(ArgumentException.ParamName)).EqualTo("affinity"));
    }

    [Test]
    [Platform("Linux", Reason = "What a thread is like is read from /proc.")]
    public void Threads_have_the_name_of_their_pool()
    {
        using IoThreadPool pool = new(threads: 2, name: "größe");
        using ReceiveStream stream = new(pool: pool);

        Poll.Until(() => NamesOfThreads().Count(name => name is "größe-0" or "größe-1") == 2, "both have the name");
    }

    [Test]
    public void Name_that_breaks_its_rule_is_refused([Values("", "a\0b")] string name)
    {
        Assert.That(
            () => new IoThreadPool(name: name),
            Throws.ArgumentException.With.Property(nameof(ArgumentException.ParamName)).EqualTo("name"));
    }

    [Test]
    [Platform("Linux", Reason = "What a thread is like is read from /proc.")]
    public void Calling_thread_is_bound_to_a_processor()
    {
        string? allowed = null;
        Thread thread = new(() =>
        {
            IoThreadPool.BindCallingThread(0);
            allowed = File.ReadLines("/proc/thread-self/status")
                .Single(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal));
        });
        thread.Start();
        thread.Join();

        Assert.That(allowed, Does.EndWith("\t0"));
    }

    [Test]
    public void Processor_that_there_is_not_is_named()
    {
        Assert.That(() => IoThreadPool.BindCallingThread(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => IoThreadPool.BindCallingThread(100_000),
            Throws.InstanceOf<Spead2Exception>().With.Message.Contains("100000"));
    }

    private static IEnumerable<string> NamesOfThreads() =>
        Directory.GetDirectories("/proc/self/task").Select(task =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(task, "comm")).Trim();
            }
            catch (IOException)
            {
                // The thread has ended in between.
                return "";
            }
        });
}
