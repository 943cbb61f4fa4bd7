// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Multicast groups on interfaces and from senders that are chosen, in a network of their own.</summary>
public sealed class GroupTests
{
    private const string GroupV4 = "239.255.77.1";
    private const string GroupOfSite = "ff15::77";
    private const string GroupOfLink = "ff12::77";
    private const int Links = 2;

    private static readonly string[] Groups = [GroupV4, GroupOfSite, GroupOfLink];

    /// <summary>Ways to name an interface.</summary>
    public enum Way
    {
        Name,
        Index,
        Address,
        InGroup,
    }

    [TestCase(Way.Name, GroupV4)]
    [TestCase(Way.Name, GroupOfSite)]
    [TestCase(Way.Name, GroupOfLink)]
    [TestCase(Way.Index, GroupV4)]
    [TestCase(Way.Index, GroupOfSite)]
    [TestCase(Way.Index, GroupOfLink)]
    [TestCase(Way.Address, GroupV4)]
    [TestCase(Way.InGroup, GroupOfLink)]
    public void Group_is_received_on_the_named_interface_only(Way way, string group) =>
        NetworkNamespace.Run(() => CheckLinksApart(way, group));

    [Test]
    public void Group_is_received_from_the_chosen_senders_only([ValueSource(nameof(Groups))] string group, [Values(1, 2)] int host) =>
        NetworkNamespace.Run(() =>
        {
            bool isV6 = IPAddress.Parse(group).AddressFamily == AddressFamily.InterNetworkV6;
            string sender = isV6 ? NetworkNamespace.AddressV6(0, host) : NetworkNamespace.Address(0, host);
            using ReceiveStream stream = new();

            // Told twice is not too often.
            PacketSource source = stream.Add(new UdpSourceOptions
            {
                Group = group, InterfaceName = "near0", Senders = [sender, sender], BufferSize = 0,
            });

            // Others have joined for everybody, on both links.
            using ReceiveStream all = new(new ReceiveStreamOptions { RingHeaps = 16 });
            for (int link = 0; link < Links; link++)
            {
                all.Add(new UdpSourceOptions
                {
                    Group = group, InterfaceName = $"near{link}", Port = source.Port, BufferSize = 0,
                });
            }

            IPAddress address = IPAddress.Parse(group);
            using GroupSender other = new(address, source.Port, 0, 3 - host);
            using GroupSender elsewhere = new(address, source.Port, 1);
            using GroupSender chosen = new(address, source.Port, 0, host);
            other.Send(1);
            elsewhere.Send(2);
            chosen.Send(3);
            AssertNext(stream, 3);
            for (int i = 0; i < 3; i++)
            {
                Assert.That(all.TryRead(out Heap? heap, Poll.Deadline), Is.True, "What was sent has not arrived.");
                heap!.Dispose();
            }

            Assert.That(stream.Statistics.Packets, Is.EqualTo(1));
        });

    [Test]
    public void Interface_that_does_not_exist_is_named() => NetworkNamespace.Run(() =>
    {
        using ReceiveStream stream = new();
        AssertRefused(stream, new() { Group = GroupV4, InterfaceName = "nothing0" }, "the interface nothing0");
        AssertRefused(stream, new() { Group = GroupV4, InterfaceIndex = 4711 }, "the interface 4711");
        AssertRefused(
            stream, new() { Group = GroupOfLink, InterfaceName = "a-name-that-no-interface-can-have" }, "a-name-that");
    });

    [Test]
    public void Senders_that_do_not_fit_are_named() => NetworkNamespace.Run(() =>
    {
        using ReceiveStream stream = new();
        AssertRefused(
            stream, new() { Group = GroupV4, Senders = ["10.77.0.1", "::1"] }, "Senders[1]", Spead2Status.InvalidArgument);
        AssertRefused(
            stream, new() { Group = GroupV4, Senders = ["256.1.1.1"] }, "Senders[0]", Spead2Status.InvalidAddress);
        AssertRefused(
            stream,
            new() { Group = "127.0.0.1", InterfaceAddress = "127.0.0.1", Senders = ["127.0.0.1"] },
            "not a multicast group",
            Spead2Status.InvalidArgument);
        string[] many = [.. Enumerable.Range(1, 200).Select(host => NetworkNamespace.Address(0, host))];
        AssertRefused(stream, new() { Group = GroupV4, InterfaceName = "near0", Senders = many }, "igmp_max_msf");
    });

    [Test]
    public void Group_without_an_interface_tells_none() => NetworkNamespace.Run(() =>
    {
        NetworkNamespace.Ip("route add 224.0.0.0/4 dev near0");
        using ReceiveStream stream = new();
        PacketSource group = stream.Add(new UdpSourceOptions { Group = GroupV4, BufferSize = 0 });
        PacketSource host = stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1", BufferSize = 0 });

        Assert.That((group.Group, group.InterfaceName), Is.EqualTo((IPAddress.Parse(GroupV4), (string?)null)));
        Assert.That((host.Group, host.InterfaceName), Is.EqualTo(((IPAddress?)null, (string?)null)));
    });

    private static void CheckLinksApart(Way way, string group)
    {
        IPAddress address = IPAddress.Parse(group);
        ReceiveStream[] streams = [new(), new()];
        int port = 0;
        PacketSource[] sources = [.. Enumerable.Range(0, Links).Select(link =>
        {
            PacketSource source = streams[link].Add(OptionsOf(way, group, link, port));
            port = source.Port;
            return source;
        })];
        GroupSender[] senders = [new(address, port, 0), new(address, port, 1)];
        for (ulong cnt = 1; cnt <= 10; cnt++)
        {
            for (int link = 0; link < Links; link++)
            {
                // A heap of the other link would come before this one.
                senders[link].Send(((ulong)link * 100) + cnt);
                AssertNext(streams[link], ((ulong)link * 100) + cnt);
            }
        }

        for (int link = 0; link < Links; link++)
        {
            PacketSource source = sources[link];
            Poll.Until(() => source.Statistics.Datagrams == 10, "the slice has ended");
            Assert.That(source.Group!.GetAddressBytes(), Is.EqualTo(address.GetAddressBytes()));
            Assert.That(source.InterfaceName, Is.EqualTo($"near{link}"));
            Assert.That(
                source.Statistics.LastSender!.Address,
                Is.EqualTo(IPAddress.Parse(address.AddressFamily == AddressFamily.InterNetworkV6
                    ? NetworkNamespace.AddressV6(link, 1)
                    : NetworkNamespace.Address(link, 1))));
            senders[link].Dispose();
            streams[link].Dispose();
        }
    }

    private static UdpSourceOptions OptionsOf(Way way, string group, int link, int port)
    {
        string name = $"near{link}";
        UdpSourceOptions options = new() { Group = group, Port = port, BufferSize = 0 };
        switch (way)
        {
            case Way.Name:
                options.InterfaceName = name;
                break;
            case Way.Index:
                options.InterfaceIndex = NetworkNamespace.IndexOf(name);
                break;
            case Way.Address:
                options.InterfaceAddress = NetworkNamespace.Address(link, 2);
                break;
            case Way.InGroup:
                options.Group = $"{group}%{NetworkNamespace.IndexOf(name)}";
                break;
        }

        return options;
    }

    private static void AssertNext(ReceiveStream stream, ulong cnt)
    {
        Assert.That(stream.TryRead(out Heap? heap, Poll.Deadline), Is.True, $"Heap {cnt} has not arrived.");
        using (heap)
        {
            Assert.That(heap!.Cnt, Is.EqualTo(cnt));
        }
    }

    private static void AssertRefused(
        ReceiveStream stream,
        UdpSourceOptions options,
        string part,
        Spead2Status status = Spead2Status.OperatingSystem) => Assert.That(
            () => stream.Add(options),
            Throws.InstanceOf<Spead2Exception>()
                .With.Property(nameof(Spead2Exception.Status)).EqualTo(status)
                .And.Message.Contains(part));
}
