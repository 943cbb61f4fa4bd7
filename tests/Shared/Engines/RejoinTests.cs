// SPDX-License-Identifier: MIT

using System.Net;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Groups whose interface is deleted and made again, in a network of their own.</summary>
public sealed class RejoinTests
{
    private const string GroupV4 = "239.255.78.1";
    private const string GroupOfSite = "ff15::78";
    private const string GroupOfLink = "ff12::78";

    // A socket may be a member of 20 groups: nothing may be left of old memberships.
    [TestCase(GroupV4, false, 21)]
    [TestCase(GroupV4, true, 3)]
    [TestCase(GroupOfSite, false, 3)]
    [TestCase(GroupOfSite, true, 3)]
    [TestCase(GroupOfLink, false, 3)]
    [TestCase(GroupOfLink, true, 3)]
    public void Group_is_joined_again_when_its_interface_is_back(string group, bool sameIndex, int rounds) =>
        NetworkNamespace.Run(() =>
        {
            RecordingLogger[] loggers = [new(LogLevel.Information), new(LogLevel.Information), new(LogLevel.Information)];
            ReceiveStream[] streams = [.. loggers.Select(logger => new ReceiveStream(logger: logger))];
            PacketSource first = streams[0].Add(OnLink(group, 0));
            PacketSource second = streams[1].Add(OnLink(group, 0, first.Port));
            PacketSource other = streams[2].Add(OnLink(group, 1, first.Port));
            int index = NetworkNamespace.IndexOf("near0");
            ulong cnt = 0;
            for (int round = 1; round <= rounds; round++)
            {
                Send(group, first.Port, 0, ++cnt);
                AssertNext(streams[0], cnt);
                AssertNext(streams[1], cnt);
                NetworkNamespace.Ip("link delete near0");
                NetworkNamespace.AddLink(0, sameIndex ? index : 0);
                Poll.Until(
                    () => first.Statistics.Rejoins >= round && second.Statistics.Rejoins >= round, "both have joined again");
                Send(group, first.Port, 0, ++cnt);
                AssertNext(streams[0], cnt);
                AssertNext(streams[1], cnt);
                Send(group, first.Port, 1, ++cnt);
                AssertNext(streams[2], cnt);
            }

            Assert.That(other.Statistics.Rejoins, Is.Zero);
            Array.ForEach(streams, stream => stream.Dispose());
            Assert.That(loggers[2].Messages, Is.Empty);
            Assert.That(loggers[0].Texts, Has.Some.Contains("the interface near0 of the multicast group").And.Some.Contains("is gone"));
            Assert.That(loggers[0].Texts, Has.Some.StartsWith("joined the multicast group").And.Some.Contains("again: its interface near0 is back"));
        });

    [TestCase("InterfaceIndex")]
    [TestCase("InterfaceAddress")]
    [TestCase("")]
    public void Each_way_to_name_an_interface_is_joined_again(string way) => NetworkNamespace.Run(() =>
    {
        UdpSourceOptions options = new() { Group = GroupV4, BufferSize = 0 };
        switch (way)
        {
            case nameof(UdpSourceOptions.InterfaceIndex):
                options.InterfaceIndex = NetworkNamespace.IndexOf("near0");
                break;
            case nameof(UdpSourceOptions.InterfaceAddress):
                options.InterfaceAddress = NetworkNamespace.Address(0, 1);
                break;
            default:
                NetworkNamespace.Ip("route add 224.0.0.0/4 dev near0");
                break;
        }

        using ReceiveStream stream = new();
        PacketSource source = stream.Add(options);
        Remake(0);
        Poll.Until(() => source.Statistics.Rejoins != 0, "the group was joined again");
        Send(GroupV4, source.Port, 0, 1);
        AssertNext(stream, 1);
    });

    [TestCase(GroupV4)]
    [TestCase(GroupOfSite)]
    public void Chosen_senders_are_joined_again(string group) => NetworkNamespace.Run(() =>
    {
        UdpSourceOptions options = OnLink(group, 0);
        options.Senders = group == GroupV4
            ? [NetworkNamespace.Address(0, 1), NetworkNamespace.Address(0, 9)]
            : [NetworkNamespace.AddressV6(0, 1), "fe80::9"];
        using ReceiveStream stream = new();
        PacketSource source = stream.Add(options);
        Remake(0);
        Poll.Until(() => source.Statistics.Rejoins == 1, "the group was joined again");
        Send(group, source.Port, 0, 1, host: 2);
        Send(group, source.Port, 0, 2);
        AssertNext(stream, 2);
    });

    [Test]
    public void Heaps_that_wait_for_a_full_ring_survive() => NetworkNamespace.Run(() =>
    {
        const int Before = 30;
        const int After = 10;
        using ReceiveStream stream = new();
        PacketSource source = stream.Add(OnLink(GroupOfSite, 0));
        for (ulong cnt = 1; cnt <= Before; cnt++)
        {
            Send(GroupOfSite, source.Port, 0, cnt);
        }

        Poll.Until(() => source.State == SourceState.Blocked, "the ring is full");
        for (int i = 1; i <= 2; i++)
        {
            Remake(0);
            Poll.Until(() => source.Statistics.Rejoins == i, "the group was joined again");
        }

        for (ulong cnt = Before + 1; cnt <= Before + After; cnt++)
        {
            Send(GroupOfSite, source.Port, 0, cnt);
        }

        for (ulong cnt = 1; cnt <= Before + After; cnt++)
        {
            AssertNext(stream, cnt);
        }

        Assert.That(source.Statistics.KernelDropMessages, Is.Zero);
    });

    [TestCase(GroupV4)]
    [TestCase(GroupOfLink)]
    public void Source_whose_interface_is_gone_can_be_removed(string group) => NetworkNamespace.Run(() =>
    {
        RecordingLogger logger = new(LogLevel.Information);
        using ReceiveStream stream = new(logger: logger);
        PacketSource source = stream.Add(OnLink(group, 0));
        NetworkNamespace.Ip("link delete near0");
        Poll.Until(() => logger.Messages.Count != 0, "the loss was told");
        source.Remove();
        NetworkNamespace.AddLink(0);
        Assert.That(source.Statistics.Rejoins, Is.Zero);
    });

    [Test]
    public void Unstarted_source_joins_again_and_waits() => NetworkNamespace.Run(() =>
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { ExplicitStart = true });
        PacketSource source = stream.Add(OnLink(GroupOfSite, 0));
        Send(GroupOfSite, source.Port, 0, 1);
        Remake(0);
        Poll.Until(() => source.Statistics.Rejoins == 1, "the group was joined again");
        Send(GroupOfSite, source.Port, 0, 2);
        Assert.That((source.State, source.Statistics.Messages), Is.EqualTo((SourceState.Unstarted, 0)));
        stream.Start();
        AssertNext(stream, 1);
        AssertNext(stream, 2);
    });

    private static void Remake(int link)
    {
        NetworkNamespace.Ip($"link delete near{link}");
        NetworkNamespace.AddLink(link);
    }

    private static UdpSourceOptions OnLink(string group, int link, int port = 0) =>
        new() { Group = group, InterfaceName = $"near{link}", Port = port, BufferSize = 0 };

    private static void Send(string group, int port, int link, ulong cnt, int host = 1)
    {
        using GroupSender sender = new(IPAddress.Parse(group), port, link, host);
        sender.Send(cnt);
    }

    private static void AssertNext(ReceiveStream stream, ulong cnt)
    {
        Assert.That(stream.TryRead(out Heap? heap, Poll.Deadline), Is.True, $"Heap {cnt} has not arrived.");
        using (heap)
        {
            Assert.That(heap!.Cnt, Is.EqualTo(cnt));
        }
    }
}
