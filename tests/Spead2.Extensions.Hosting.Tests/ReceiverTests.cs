// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Spead2.Receive;

namespace Spead2.Extensions.Hosting.Tests;

/// <summary>Receivers in a host, with packets over loopback.</summary>
[TestFixture]
public sealed class ReceiverTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task Every_heap_reaches_the_handler_in_order()
    {
        ConcurrentQueue<ulong> cnts = new();
        using IHost host = Build(builder => AddOnLoopback(builder.Services, "pol0").AddHandler(Collect(cnts)));
        await host.StartAsync();
        Receiver receiver = ReceiverOf(host, "pol0");
        await Loopback.SendAsync(receiver.Sources[0].Port, 20);
        Await(() => cnts.Count == 20, "20 heaps");

        Assert.That(cnts, Is.EqualTo(Enumerable.Range(1, 20)));
        Assert.That(receiver.Heaps, Is.EqualTo(20));
        Assert.That(receiver.IsRunning);
        Assert.That(receiver.Statistics!["heaps"], Is.EqualTo(20));
        await host.StopAsync();
        Assert.That(receiver.IsRunning, Is.False);
        Assert.That(receiver.Statistics!["heaps"], Is.EqualTo(20), "statistics outlive the stream");
    }

    [Test]
    public async Task Host_stops_soon_and_what_was_received_is_still_handed_over()
    {
        ConcurrentQueue<ulong> cnts = new();
        SemaphoreSlim gate = new(0);
        using IHost host = Build(builder => AddOnLoopback(builder.Services, "pol0").AddHandler(async (heap, _) =>
        {
            await gate.WaitAsync(CancellationToken.None);
            cnts.Enqueue(heap.Cnt);
        }));
        await host.StartAsync();
        Receiver receiver = ReceiverOf(host, "pol0");
        await Loopback.SendAsync(receiver.Sources[0].Port, 4);
        Await(() => receiver.Statistics!["heaps"] == 4, "4 heaps in the ring");
        Task stop = host.StopAsync();
        gate.Release(4);
        await stop.WaitAsync(Patience);

        Assert.That(cnts, Is.EqualTo(new ulong[] { 1, 2, 3, 4 }));
    }

    [Test]
    public void Idle_host_stops_at_once()
    {
        using IHost host = Build(builder => AddOnLoopback(builder.Services, "pol0").AddHandler((_, _) => default));
        host.Start();
        Stopwatch time = Stopwatch.StartNew();
        host.StopAsync().Wait(Patience);

        // The host itself would wait for 30 seconds.
        Assert.That(time.Elapsed, Is.LessThan(TimeSpan.FromSeconds(10)));
    }

    [TestCase("pol0:Streem:MaxHeaps", "'Streem'")]
    [TestCase("pol0:Stream:MaxHeap", "'MaxHeap'")]
    [TestCase("pol0:Udp:0:Prot", "'Prot'")]
    public async Task Key_that_is_no_option_is_named_in_a_warning(string key, string named)
    {
        using LogLines log = new();
        using IHost host = Build(builder =>
        {
            builder.Logging.AddProvider(log);
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["pol0:Udp:0:BindHost"] = "127.0.0.1",
                [key] = "17",
            });
            builder.Services.AddSpead2Receiver("pol0", builder.Configuration.GetSection("pol0")).AddHandler((_, _) => default);
        });
        await host.StartAsync();
        await host.StopAsync();

        Assert.That(
            log.All, Has.One.StartsWith("pol0: keys of the configuration that are no options have no effect: ").And.Contains(named));
    }

    [Test]
    public async Task Keys_that_are_options_are_no_warning()
    {
        using LogLines log = new();
        using IHost host = Build(builder =>
        {
            builder.Logging.AddProvider(log);
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["pol0:Udp:0:BindHost"] = "127.0.0.1",
                ["pol0:stream:maxheaps"] = "17",
            });
            builder.Services.AddSpead2Receiver("pol0", builder.Configuration.GetSection("pol0")).AddHandler((_, _) => default);
        });
        await host.StartAsync();
        await host.StopAsync();

        Assert.That(log.All, Has.None.Contains("have no effect"));
    }

    [Test]
    public async Task Options_are_those_of_the_configuration()
    {
        using IHost host = Build(builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["pol0:Stream:MaxHeaps"] = "17",
                ["pol0:Stream:RingHeaps"] = "33",
                ["pol0:Udp:0:BindHost"] = "127.0.0.1",
                ["pol0:Udp:0:BufferSize"] = "1000000",
                ["pol0:Udp:1:BindHost"] = "127.0.0.1",
                ["pol0:AtEnd"] = "StopHost",
                ["pol0:MaxSilence"] = "00:01:00",
                ["pol0:MaxLoss"] = "0.25",
            });
            builder.Services.AddSpead2Receiver("pol0", builder.Configuration.GetSection("pol0")).AddHandler((_, _) => default);
        });
        await host.StartAsync();
        ReceiverOptions options = host.Services.GetRequiredService<IOptionsMonitor<ReceiverOptions>>().Get("pol0");

        Assert.That(options.Stream.MaxHeaps, Is.EqualTo(17));
        Assert.That(options.Stream.RingHeaps, Is.EqualTo(33));
        Assert.That(options.Stream.Accounting, Is.EqualTo(HeapAccounting.BySubstream), "counted unless it is said");
        Assert.That(options.Stream.Name, Is.EqualTo("pol0"));
        Assert.That(options.Udp[0].BufferSize, Is.EqualTo(1_000_000));
        Assert.That(options.AtEnd, Is.EqualTo(StreamEnd.StopHost));
        Assert.That(options.MaxSilence, Is.EqualTo(TimeSpan.FromMinutes(1)));
        Assert.That(options.MaxLoss, Is.EqualTo(0.25));
        Assert.That(ReceiverOf(host, "pol0").Sources, Has.Count.EqualTo(2));
        await host.StopAsync();
    }

    [TestCase("Stream:MaxHeaps", "0", "MaxHeaps")]
    [TestCase("Udp:0:Port", "70000", "Port")]
    [TestCase("Tcp:0:Port", "-1", "Port")]
    [TestCase("MaxLoss", "2", "MaxLoss")]
    [TestCase("MaxSilence", "00:00:00", "MaxSilence")]
    [TestCase("AtEnd", "17", "AtEnd")]
    [TestCase("Stream:RingHeaps", "8", "nothing to receive from")]
    public void Host_does_not_start_with_options_that_break_a_rule(string key, string value, string named)
    {
        using IHost host = Build(builder =>
        {
            builder.Configuration.AddInMemoryCollection([new("pol0:" + key, value)]);
            builder.Services.AddSpead2Receiver("pol0", builder.Configuration.GetSection("pol0")).AddHandler((_, _) => default);
        });

        Assert.That(() => host.Start(), Throws.TypeOf<OptionsValidationException>().With.Message.StartsWith("pol0: ").And.Message.Contains(named));
    }

    [Test]
    public async Task Host_does_not_start_if_a_port_is_in_use()
    {
        using IHost first = Build(builder => AddOnLoopback(builder.Services, "pol0").AddHandler((_, _) => default));
        await first.StartAsync();
        int port = ReceiverOf(first, "pol0").Sources[0].Port;
        using IHost second = Build(builder => builder.Services
            .AddSpead2Receiver("pol0", options => options.Udp = [new() { BindHost = "127.0.0.1", Port = port }])
            .AddHandler((_, _) => default));

        Assert.That(
            () => second.Start(), Throws.TypeOf<Spead2Exception>().With.Property("Status").EqualTo(Spead2Status.OperatingSystem));
        await first.StopAsync();
    }

    [Test]
    public async Task Handler_that_throws_ends_the_host_with_an_exit_code()
    {
        int before = Environment.ExitCode;
        using IHost host = Build(builder => AddOnLoopback(builder.Services, "pol0")
            .AddHandler((_, _) => throw new InvalidDataException("no such antenna")));
        await host.StartAsync();
        await Loopback.SendAsync(ReceiverOf(host, "pol0").Sources[0].Port, 1);
        Task run = host.WaitForShutdownAsync();
        try
        {
            await run.WaitAsync(Patience);
        }
        catch (InvalidDataException)
        {
            // What hosts from version 11 on do.
        }

        Assert.That(Environment.ExitCode, Is.EqualTo(1));
        Environment.ExitCode = before;
    }

    [TestCase(StreamEnd.Rest, false)]
    [TestCase(StreamEnd.StopHost, true)]
    public async Task Host_ends_with_the_stream_if_it_is_asked_to(StreamEnd atEnd, bool stops)
    {
        using IHost host = Build(builder => AddOnLoopback(builder.Services, "pol0", options => options.AtEnd = atEnd)
            .AddHandler((_, _) => default));
        await host.StartAsync();
        await Loopback.SendAsync(ReceiverOf(host, "pol0").Sources[0].Port, 2, stop: true);
        Await(() => !ReceiverOf(host, "pol0").IsRunning, "the end of the stream");
        if (stops)
        {
            await host.WaitForShutdownAsync().WaitAsync(Patience);
        }
        else
        {
            Assert.That(
                host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested, Is.False);
            await host.StopAsync();
        }
    }

    [Test]
    public async Task Stream_that_has_ended_is_received_again_from_the_same_port()
    {
        ConcurrentQueue<ulong> cnts = new();
        int port = Loopback.FreePort();
        using IHost host = Build(builder => builder.Services.AddSpead2Receiver("pol0", options =>
        {
            options.AtEnd = StreamEnd.Restart;
            options.Udp = [new() { BindHost = "127.0.0.1", Port = port }];
        }).AddHandler(Collect(cnts)));
        await host.StartAsync();
        Receiver receiver = ReceiverOf(host, "pol0");
        for (int observation = 1; observation <= 3; observation++)
        {
            PacketSource source = receiver.Sources[0];
            await Loopback.SendAsync(port, 2, stop: true);
            Await(() => cnts.Count == 2 * observation && receiver.Sources[0] != source && receiver.IsRunning, "the next stream");
        }

        Assert.That(cnts, Is.EqualTo(new ulong[] { 1, 2, 1, 2, 1, 2 }));
        Assert.That(receiver.Heaps, Is.EqualTo(6));
        await host.StopAsync();
    }

    [Test]
    public async Task Channel_gives_the_heaps_of_its_receiver_and_ends_with_it()
    {
        using IHost host = Build(builder =>
        {
            AddOnLoopback(builder.Services, "pol0").AddChannel();
            AddOnLoopback(builder.Services, "pol1").AddChannel();
        });
        await host.StartAsync();
        await Loopback.SendAsync(ReceiverOf(host, "pol0").Sources[0].Port, 3, stop: true);
        await Loopback.SendAsync(ReceiverOf(host, "pol1").Sources[0].Port, 5, stop: true);

        foreach ((string name, int heaps) in (IEnumerable<(string, int)>)[("pol0", 3), ("pol1", 5)])
        {
            int count = 0;
            await foreach (Heap heap in host.Services.GetRequiredKeyedService<ChannelReader<Heap>>(name).ReadAllAsync())
            {
                Assert.That(heap.Cnt, Is.EqualTo(++count));
                heap.Dispose();
            }

            Assert.That(count, Is.EqualTo(heaps));
        }

        await host.StopAsync();
    }

    [Test]
    public async Task Channel_ends_for_services_that_are_stopped_before_the_receiver()
    {
        using IHost host = Build(builder =>
        {
            AddOnLoopback(builder.Services, "pol0").AddChannel();
            builder.Services.AddHostedService<Correlator>();
        });
        await host.StartAsync();
        Receiver receiver = ReceiverOf(host, "pol0");
        await Loopback.SendAsync(receiver.Sources[0].Port, 4);
        Await(() => receiver.Statistics!["heaps"] == 4, "heaps");
        await host.StopAsync();

        // A host that has waited for its whole time limit in vain ends as well.
        Correlator correlator = host.Services.GetServices<IHostedService>().OfType<Correlator>().Single();
        Assert.That(correlator.ExecuteTask!.IsCompletedSuccessfully);
        Assert.That(correlator.Heaps, Is.EqualTo(4));
    }

    [Test]
    public async Task Heaps_that_nobody_reads_do_not_hold_up_the_host_and_are_counted()
    {
        LogLines lines = new();
        using IHost host = Build(
            builder => AddOnLoopback(builder.Services, "pol0", options => options.Stream.RingHeaps = 2).AddChannel(), lines);
        await host.StartAsync();
        Receiver receiver = ReceiverOf(host, "pol0");
        await Loopback.SendAsync(receiver.Sources[0].Port, 4);

        // Two in the channel, one that waits for room in it, and the last in the ring.
        Await(() => receiver.Heaps == 3 && receiver.Statistics!["heaps"] == 4, "a full channel");
        await host.StopAsync().WaitAsync(Patience);

        Assert.That(lines.All, Has.Member("pol0: 2 heaps were dropped when the host stopped, because nobody read them."));
        ChannelReader<Heap> reader = host.Services.GetRequiredKeyedService<ChannelReader<Heap>>("pol0");
        Assert.That(reader.Count, Is.EqualTo(2));
        while (reader.TryRead(out Heap? heap))
        {
            heap.Dispose();
        }
    }

    [Test]
    public async Task Health_tells_of_silence_loss_and_the_end()
    {
        SteppedClock clock = new();
        using IHost host = Build(builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(clock);
            AddOnLoopback(builder.Services, "pol0", options => options.MaxSilence = TimeSpan.FromSeconds(5))
                .AddHandler((_, _) => default).AddHealthCheck("ready");
        });
        await host.StartAsync();
        Receiver receiver = ReceiverOf(host, "pol0");
        HealthCheckService health = host.Services.GetRequiredService<HealthCheckService>();

        async Task<(HealthStatus Status, string? Text)> CheckAsync()
        {
            HealthReportEntry entry = (await health.CheckHealthAsync()).Entries["pol0"];
            Assert.That(entry.Tags, Is.EqualTo(new[] { "ready" }));
            return (entry.Status, entry.Description);
        }

        Assert.That(await CheckAsync(), Is.EqualTo((HealthStatus.Healthy, "0 heaps.")));
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.That(await CheckAsync(), Is.EqualTo((HealthStatus.Unhealthy, "No heap for 6.0 s.")));
        await Loopback.SendAsync(receiver.Sources[0].Port, 10);
        Await(() => receiver.Heaps == 10, "10 heaps");
        Assert.That(await CheckAsync(), Is.EqualTo((HealthStatus.Healthy, "10 heaps.")));

        // Heap 1 of the next sender lacks a packet, and is pushed out by those after it.
        await Loopback.SendAsync(receiver.Sources[0].Port, 10, first: 11, drop: packet => packet == 1);
        Await(() => receiver.Statistics!["incomplete_heaps_evicted"] == 1, "a lost heap");
        Assert.That(await CheckAsync(), Is.EqualTo((HealthStatus.Degraded, "1 of 20 heaps were lost in the last minute.")));
        await Loopback.SendAsync(receiver.Sources[0].Port, 0, first: 21, stop: true);
        Await(() => !receiver.IsRunning, "the end");
        Assert.That(await CheckAsync(), Is.EqualTo((HealthStatus.Unhealthy, "The stream has ended.")));
        await host.StopAsync();
    }

    [Test]
    public void Heaps_go_to_one_place_only()
    {
        ReceiverBuilder builder = AddOnLoopback(new ServiceCollection(), "pol0").AddChannel();

        Assert.That(() => builder.AddHandler<Handler>(), Throws.InvalidOperationException.With.Message.Contains("pol0"));
    }

    [Test]
    public async Task Handler_gets_services_and_is_one_object_for_each_receiver()
    {
        ConcurrentQueue<object> made = new();
        using IHost host = Build(builder =>
        {
            builder.Services.AddSingleton(made);
            AddOnLoopback(builder.Services, "pol0").AddHandler<Handler>();
            AddOnLoopback(builder.Services, "pol1").AddHandler<Handler>();
        });
        await host.StartAsync();
        await host.StopAsync();

        Assert.That(made, Has.Count.EqualTo(2));
    }

    // As in docs/services.md.
    private sealed class Correlator([FromKeyedServices("pol0")] ChannelReader<Heap> heaps) : BackgroundService
    {
        public int Heaps { get; private set; }

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await foreach (Heap heap in heaps.ReadAllAsync(CancellationToken.None))
            {
                Heaps++;
                heap.Dispose();
            }
        }
    }

    private static IHost Build(Action<HostApplicationBuilder> configure, LogLines? lines = null)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        if (lines is not null)
        {
            builder.Logging.Services.AddSingleton<Microsoft.Extensions.Logging.ILoggerProvider>(lines);
        }

        configure(builder);
        return builder.Build();
    }

    private static ReceiverBuilder AddOnLoopback(
        IServiceCollection services, string name, Action<ReceiverOptions>? configure = null) =>
        services.AddSpead2Receiver(name, options =>
        {
            options.Udp = [new() { BindHost = "127.0.0.1", BufferSize = 0 }];
            configure?.Invoke(options);
        });

    private static Receiver ReceiverOf(IHost host, string name) => host.Services.GetRequiredKeyedService<Receiver>(name);

    private static Func<Heap, CancellationToken, ValueTask> Collect(ConcurrentQueue<ulong> cnts) => (heap, _) =>
    {
        cnts.Enqueue(heap.Cnt);
        return default;
    };

    private static void Await(Func<bool> condition, string what) =>
        Assert.That(SpinWait.SpinUntil(condition, Patience), what);

    private sealed class Handler : IHeapHandler
    {
        public Handler(ConcurrentQueue<object> made) => made.Enqueue(this);

        public ValueTask HandleAsync(Heap heap, CancellationToken cancellationToken) => default;
    }
}
