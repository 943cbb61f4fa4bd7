// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CustomStatisticsTests : IDisposable
{
    private static readonly int Glitches = StreamStatistics.Names.Length;
    private static readonly int Longest = Glitches + 1;
    private static readonly int[] NoCustomIndices = [-1, 0, Glitches - 1, Longest + 1, int.MaxValue];

    private readonly ReceiveStream _stream = new(new ReceiveStreamOptions
    {
        CustomStatistics = [new("glitches"), new("längste", StatisticMode.Maximum)],
    });

    public void Dispose() => _stream.Dispose();

    [Test]
    public void Custom_statistics_follow_those_of_the_stream()
    {
        StreamStatistics statistics = _stream.Statistics;

        Assert.Multiple(() =>
        {
            Assert.That(statistics.Keys, Is.EqualTo((string[])[.. StreamStatistics.Names, "glitches", "längste"]));
            Assert.That(statistics, Has.Count.EqualTo(statistics.FirstCustomIndex + 2));
            Assert.That(statistics.IndexOf("glitches"), Is.EqualTo(Glitches));
            Assert.That(statistics.IndexOf("längste"), Is.EqualTo(Longest));
            Assert.That(statistics.IndexOf("heaps"), Is.Zero);
            Assert.That(statistics.IndexOf("Heaps"), Is.EqualTo(-1));
            Assert.That(statistics.ContainsKey("glitches"), Is.True);
            Assert.That(statistics.TryGetValue("no such", out _), Is.False);
        });
    }

    [Test]
    public void Counter_adds_and_maximum_rises()
    {
        foreach (long value in new long[] { 5, 3, 0 })
        {
            _stream.UpdateStatistic(Glitches, value);
            _stream.UpdateStatistic("glitches", value);
            _stream.UpdateStatistic(Longest, value);
            _stream.UpdateStatistic("längste", value + 1);
        }

        StreamStatistics statistics = _stream.Statistics;
        Assert.Multiple(() =>
        {
            Assert.That(statistics[Glitches], Is.EqualTo(16));
            Assert.That(statistics["glitches"], Is.EqualTo(16));
            Assert.That(statistics[Longest], Is.EqualTo(6));
            Assert.That(statistics["längste"], Is.EqualTo(6));
        });
    }

    [Test]
    public async Task Updates_by_several_threads_are_all_counted_while_the_stream_receives()
    {
        const int ThreadCount = 4;
        const int Updates = 5000;
        using UdpSender sender = new(_stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        Task[] updating =
        [
            .. Enumerable.Range(1, ThreadCount).Select(thread => Task.Run(() =>
            {
                for (int i = 1; i <= Updates; i++)
                {
                    _stream.UpdateStatistic(Glitches, 1);
                    _stream.UpdateStatistic(Longest, i * thread);
                }
            })),
        ];
        for (ulong cnt = 1; !Task.WhenAll(updating).IsCompleted; cnt++)
        {
            sender.Send(Packets.OfHeap(cnt));
            _stream.Read().Dispose();
        }

        await Task.WhenAll(updating);
        Assert.That(_stream.Statistics["glitches"], Is.EqualTo(ThreadCount * Updates));
        Assert.That(_stream.Statistics["längste"], Is.EqualTo(ThreadCount * Updates));
    }

    [Test]
    public void Statistic_that_is_not_a_custom_one_cannot_be_updated(
        [ValueSource(nameof(NoCustomIndices))] int index)
    {
        Assert.That(
            () => _stream.UpdateStatistic(index, 1),
            Throws.InstanceOf<ArgumentOutOfRangeException>()
                .With.Property(nameof(ArgumentOutOfRangeException.ActualValue)).EqualTo(index)
                .And.Message.Contains($"{Glitches} to {Longest}"));
    }

    [Test]
    public void Name_that_is_not_a_custom_ones_cannot_be_updated([Values("heaps", "", "glitche", "läng")] string name)
    {
        Assert.That(
            () => _stream.UpdateStatistic(name, 1), Throws.ArgumentException.With.Message.Contains($"\"{name}\""));
    }

    [Test]
    public void Stream_without_custom_statistics_says_so()
    {
        using ReceiveStream stream = new();

        Assert.That(
            () => stream.UpdateStatistic(Glitches, 1),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("has none"));
    }

    [Test]
    public void Value_must_not_be_negative()
    {
        Assert.That(
            () => _stream.UpdateStatistic(Glitches, -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => _stream.UpdateStatistic("glitches", -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Statistic_that_is_not_there_is_named()
    {
        StreamStatistics statistics = _stream.Statistics;

        Assert.That(
            () => statistics["no such"], Throws.InstanceOf<KeyNotFoundException>().With.Message.Contains("no such"));
        Assert.That(
            () => statistics[statistics.Count],
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains($"0 to {Longest}"));
        Assert.That(() => statistics[-1], Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [TestCase("heaps", StatisticMode.Counter, "\"heaps\"")]
    [TestCase("twice", StatisticMode.Counter, "\"twice\"")]
    [TestCase("", StatisticMode.Counter, "empty")]
    [TestCase(null, StatisticMode.Counter, "empty")]
    [TestCase("a\0b", StatisticMode.Counter, "NUL")]
    [TestCase("mode", (StatisticMode)2, "\"mode\"")]
    public void Custom_statistic_that_breaks_its_rule_is_named(string? name, StatisticMode mode, string named)
    {
        ReceiveStreamOptions options = new() { CustomStatistics = [new("twice"), new(name!, mode)] };

        Assert.That(
            () => new ReceiveStream(options),
            Throws.InstanceOf<ArgumentException>()
                .With.Property(nameof(ArgumentException.ParamName))
                .EqualTo(nameof(ReceiveStreamOptions.CustomStatistics))
                .And.Message.Contains(named));
    }

    [Test]
    public void Stream_keeps_many_custom_statistics_apart()
    {
        CustomStatistic[] statistics = ManyStatistics(2000);
        using ReceiveStream stream = new(new ReceiveStreamOptions { CustomStatistics = statistics });
        for (int i = 0; i < statistics.Length; i++)
        {
            stream.UpdateStatistic(statistics[i].Name, i);
        }

        Assert.That(
            stream.Statistics.Values.Skip(stream.Statistics.FirstCustomIndex),
            Is.EqualTo(Enumerable.Range(0, statistics.Length)));
    }

    [Test]
    public void Number_of_custom_statistics_has_a_limit()
    {
        ReceiveStreamOptions options = new()
        {
            CustomStatistics = ManyStatistics(ReceiveStreamOptions.MaxCustomStatistics + 1),
        };

        Assert.That(
            () => new ReceiveStream(options),
            Throws.InstanceOf<ArgumentOutOfRangeException>()
                .With.Message.Contains($"{ReceiveStreamOptions.MaxCustomStatistics}"));
    }

    private static CustomStatistic[] ManyStatistics(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new CustomStatistic($"statistic {i}"))];
}
