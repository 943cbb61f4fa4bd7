// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Soak.Commands;
using Spead2.Soak.Receiving;
using Spead2.Soak.Resources;
using Spead2.Tools.Receive;

namespace Spead2.Soak;

/// <summary>The bounded part of what the program does for as long as one likes.</summary>
[NonParallelizable]
internal sealed class SoakTests
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestLife = TimeSpan.FromSeconds(0.4);

    [Test]
    public void Every_datagram_is_accounted_for_and_nothing_grows(
        [ValueSource(typeof(ReceiveEngine), nameof(ReceiveEngine.All))] ReceiveEngine engine)
    {
        using SoakRun run = new(new SoakSettings
        {
            Engine = engine,
            Time = Time,
            Seed = NextSeed(),
            LongestLife = LongestLife,
        });
        SoakResult result = run.Run(_ => { }, CancellationToken.None);

        Assert.Multiple(() =>
        {
            Assert.That(result.Findings, Is.Empty);
            Assert.That(result.Identities.Where(identity => identity.Difference != 0), Is.Empty);
            Assert.That(result.Flatness.Where(flatness => !flatness.Holds), Is.Empty);
            Assert.That(result.Received.Streams, Is.GreaterThan(2));
            Assert.That(result.Received.Right, Is.Positive);
        });
    }

    [Test]
    public void Every_heap_of_a_chunk_group_is_accounted_for(
        [ValueSource(typeof(ReceiveEngine), nameof(ReceiveEngine.All))] ReceiveEngine engine)
    {
        using ChunkSoakRun run = new(new SoakSettings
        {
            Engine = engine,
            Time = Time,
            Seed = NextSeed(),
            LongestLife = LongestLife,
            IsOfChunks = true,
        });
        SoakResult result = run.Run(_ => { }, CancellationToken.None);

        Assert.Multiple(() =>
        {
            Assert.That(result.Findings, Is.Empty);
            Assert.That(result.Identities.Where(identity => identity.Difference != 0), Is.Empty);
            Assert.That(result.Flatness.Where(flatness => !flatness.Holds), Is.Empty);
            Assert.That(result.Received.Streams, Is.Positive);
            Assert.That(result.Sent.ToDictionary()["heaps in chunks taken"], Is.Positive);
        });
    }

    [Test]
    public void Good_heaps_arrive_beside_a_hostile_sender_and_memory_and_log_stay_bounded(
        [ValueSource(typeof(ReceiveEngine), nameof(ReceiveEngine.All))] ReceiveEngine engine)
    {
        HostileResult result = HostileRun.Run(
            new HostileSettings { Engine = engine, Time = Time, Seed = NextSeed() }, CancellationToken.None);

        Assert.Multiple(() =>
        {
            Assert.That(result.Findings, Is.Empty);
            Assert.That(result.SmallArrived, Is.Positive);
            Assert.That(result.LargerArrived, Is.Positive);
            Assert.That(result.Received["too_large"], Is.Positive);
            Assert.That(result.Received["malformed"], Is.Positive);
        });
    }

    [Test]
    public void Good_heaps_arrive_beside_requests_for_memory(
        [ValueSource(typeof(ReceiveEngine), nameof(ReceiveEngine.All))] ReceiveEngine engine,
        [Values] bool reusesCnts)
    {
        AttackResult result = AttackRun.Run(new AttackSettings
        {
            Engine = engine,
            Heaps = 100,
            MaxHeaps = reusesCnts ? ReceiveStreamOptions.DefaultMaxHeaps : 64,
            ReusesCnts = reusesCnts,
        });

        Assert.Multiple(() =>
        {
            Assert.That(result.Findings, Is.Empty);
            Assert.That(result.Received.TooLarge, Is.Positive);
            Assert.That(result.HostileDatagrams, Is.GreaterThan(2000));
        });
    }

    [Test]
    public void Lost_packets_are_counted_wherever_they_get_lost(
        [ValueSource(typeof(ReceiveEngine), nameof(ReceiveEngine.All))] ReceiveEngine engine,
        [Values] LossPlace place)
    {
        using LossRun run = new(engine, place, NextSeed());

        StreamStatistics statistics = run.Run(out long lost);

        Identity identity = run.IdentityOf(statistics);
        Assert.That(lost, Is.Positive, "Nothing got lost, so that nothing is shown.");
        Assert.That(identity.Difference, Is.Zero, $"{identity}: {string.Join(", ", statistics)}");
    }

    [Test]
    public void Identity_says_what_is_not_explained()
    {
        Identity identity = new("sent = received", 5, 3);

        Assert.That(identity.Difference, Is.EqualTo(2));
        Assert.That(identity.ToString(), Is.EqualTo("sent = received: 5 and 3 differ by 2"));
    }

    [Test]
    public void Resource_that_grows_is_not_flat()
    {
        ResourceSample[] samples =
        [
            .. Enumerable.Range(0, 100).Select(i => new ResourceSample(
                i, new ProcessMemory(0, i * 100_000L, 0, 0), default, 10 + (i / 50), 0, 0, true)),
        ];

        Flatness[] grown = [.. Flatness.Of(samples).Where(flatness => !flatness.Holds)];
        Assert.That(
            grown.Select(flatness => flatness.Name), Is.EqualTo(new[] { "native memory in use", "file descriptors" }));
    }

    [Test]
    public void Resource_that_warms_up_or_goes_up_and_down_is_flat()
    {
        const long mebi = 1 << 20;
        ResourceSample[] samples =
        [
            .. Enumerable.Range(0, 100).Select(i => new ResourceSample(
                i, new ProcessMemory(i, Math.Min(i, 30) * mebi, i, i % 7 * mebi), default, 10 + (i % 3), 0, 0, true)),
        ];

        Assert.That(Flatness.Of(samples).Where(flatness => !flatness.Holds), Is.Empty);
    }

    [Test]
    public void Arguments_that_make_no_sense_are_refused(
        [Values(
            "--engine steam",
            "--minutes 0",
            "--minutes 1e300",
            "--life 0",
            "hostile --seconds 0",
            "hostile --seconds 1e9")]
        string arguments) =>
        Assert.That(SoakProgram.Run(arguments.Split(' ')), Is.EqualTo(2));

    private static int NextSeed()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable(SoakProgram.SeedVariable), out int given)
            ? given
            : Random.Shared.Next();
        TestContext.Out.WriteLine($"{SoakProgram.SeedVariable}={seed}");
        return seed;
    }
}
