// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>What is in a statistics page, read as docs/statistics-page.md says, without the code that knows where.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
internal sealed class StatisticsPageTests
{
    private const int Statistics = 152;
    private const int Sources = 6296;

    [Test]
    public void Page_has_the_statistics_and_sources()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { Name = "beam", RingHeaps = 8 }, NullLogger.Instance);
        using StatisticsPage page = StatisticsPage.Publish(stream);
        PacketSource source = stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        using UdpSender sender = new(source.Port);
        sender.Send([.. Packets.OfHeaps(3), new byte[20]]);
        Poll.Until(() => stream.Statistics.Malformed == 1 && source.Statistics.Packets == 3, "all has come");
        page.Update();

        byte[] bytes = File.ReadAllBytes(page.Path);
        Assert.Multiple(() =>
        {
            Assert.That(Encoding.ASCII.GetString(bytes, 0, 8), Is.EqualTo("SP2STATS"));
            Assert.That(Int(bytes, 8), Is.EqualTo(1));
            Assert.That(Int(bytes, 12), Is.EqualTo(bytes.Length).And.EqualTo(7320));
            Assert.That(Long(bytes, 16) % 2, Is.Zero);
            Assert.That(Int(bytes, 24), Is.EqualTo(Environment.ProcessId));
            Assert.That(Int(bytes, 28), Is.EqualTo(1));
            Assert.That(
                DateTime.UnixEpoch.AddTicks(Long(bytes, 48) / 100), Is.EqualTo(DateTime.UtcNow).Within(TimeSpan.FromSeconds(20)));
            Assert.That(Long(bytes, 56), Is.GreaterThanOrEqualTo(Long(bytes, 40)));
            Assert.That(Long(bytes, 64), Is.EqualTo(3));
            Assert.That(Long(bytes, 72), Is.EqualTo(8));
            Assert.That(Text(bytes, 88, 64), Is.EqualTo("beam"));
            Assert.That(Named(bytes), Is.EquivalentTo(stream.Statistics));
            Assert.That(Int(bytes, 84), Is.EqualTo(1));
            Assert.That(Text(bytes, Sources, 96), Is.EqualTo($"Udp {source.LocalEndPoint}"));
            Assert.That(Long(bytes, Sources + 96), Is.EqualTo(3));
            Assert.That(Long(bytes, Sources + 104), Is.EqualTo(source.Statistics.Bytes));
            Assert.That(Long(bytes, Sources + 120), Is.EqualTo((long)SourceState.Running));
        });
    }

    [Test]
    public void Page_is_written_by_itself_until_it_is_disposed()
    {
        using ReceiveStream stream = new();
        StatisticsPage page = StatisticsPage.Publish(stream);
        stream.AddDatagramReader(Packets.OfHeaps(2));
        Poll.Until(() => Named(File.ReadAllBytes(page.Path))["heaps"] == 2, "the page has the heaps");

        page.Dispose();
        page.Dispose();
        Assert.That(File.Exists(page.Path), Is.False);
    }

    [Test]
    public void Page_of_a_disposed_stream_says_that_it_has_stopped()
    {
        ReceiveStream stream = new(new ReceiveStreamOptions { RingHeaps = 4 });
        using StatisticsPage page = StatisticsPage.Publish(stream);
        stream.AddDatagramReader(Packets.OfHeaps(2));
        Poll.Until(() => Named(File.ReadAllBytes(page.Path))["heaps"] == 2, "the page has the heaps");
        stream.Dispose();
        page.Update();

        byte[] bytes = File.ReadAllBytes(page.Path);
        Assert.That((Int(bytes, 28), Long(bytes, 64), Named(bytes)["heaps"]), Is.EqualTo((2, 0, 2)));
    }

    [Test]
    public void Only_the_user_may_read_the_page()
    {
        using ReceiveStream stream = new();
        using StatisticsPage page = StatisticsPage.Publish(stream);

        Assert.That(File.GetUnixFileMode(page.Path), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public void Page_of_a_forgotten_stream_goes()
    {
        StatisticsPage page = PublishForgotten();
        Poll.Until(
            () =>
            {
                Garbage.Collect();
                return !File.Exists(page.Path);
            },
            "the page is gone");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static StatisticsPage PublishForgotten() => StatisticsPage.Publish(new ReceiveStream());

    private static Dictionary<string, long> Named(byte[] bytes) => Enumerable.Range(0, Int(bytes, 80))
        .Select(i => Statistics + (48 * i))
        .ToDictionary(at => Text(bytes, at, 40), at => Long(bytes, at + 40));

    private static string Text(byte[] bytes, int at, int size) =>
        Encoding.UTF8.GetString(bytes, at, size).TrimEnd('\0');

    private static int Int(byte[] bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));

    private static long Long(byte[] bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
}
