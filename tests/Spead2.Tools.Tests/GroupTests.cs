// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Testing.Engines;

namespace Spead2.Tools.Tests;

/// <summary>Multicast groups by their endpoints, in a network of their own.</summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class GroupTests(string engine)
{
    private const int Port = 7148;

    [TestCase("239.255.77.1+3%near0:7148")]
    [TestCase("[ff15::77:1%near0]+3:7148")]
    [TestCase("[ff12::77:1%near0]+3:7148")]
    public void Range_of_groups_is_received(string endpoint) => NetworkNamespace.Run(() =>
    {
        IPAddress[] groups = [.. Network.Endpoint.Parse(endpoint, "--udp").Addresses];
        using CommandProcess receiver = Start([endpoint, "--heaps", "4"]);
        foreach ((IPAddress group, int i) in groups.Select((group, i) => (group, i)))
        {
            using GroupSender sender = new(group, Port, link: 0);
            sender.Send((ulong)i + 1);
        }

        Assert.That(Cnts(receiver), Is.EquivalentTo(new[] { 1, 2, 3, 4 }));
    });

    [TestCase("near1")]
    [TestCase("10.77.1.2")]
    public void Interface_of_the_option_is_joined(string name) => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = Start(["239.255.77.1:7148", "--interface", name, "--heaps", "1"]);
        using GroupSender elsewhere = new(IPAddress.Parse("239.255.77.1"), Port, link: 0);
        using GroupSender sender = new(IPAddress.Parse("239.255.77.1"), Port, link: 1);
        elsewhere.Send(1);
        sender.Send(2);

        Assert.That(Cnts(receiver), Is.EqualTo(new[] { 2 }));
    });

    [TestCase("10.77.0.2@239.255.77.1:7148", "239.255.77.1")]
    [TestCase("[fe80::2:0]@[ff12::77]:7148", "ff12::77")]
    public void Sender_of_the_endpoint_is_received_only(string endpoint, string group) => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = Start([endpoint, "--interface", "near0", "--heaps", "1"]);
        using GroupSender other = new(IPAddress.Parse(group), Port, link: 0, host: 1);
        using GroupSender chosen = new(IPAddress.Parse(group), Port, link: 0, host: 2);
        other.Send(1);
        chosen.Send(2);

        Assert.That(Cnts(receiver), Is.EqualTo(new[] { 2 }));
    });

    [Test]
    public void Several_endpoints_are_received() => NetworkNamespace.Run(() =>
    {
        using CommandProcess receiver = Start(
            ["--udp", "239.255.77.1%near0:7148", "--udp", "239.255.77.2%near1:7148", "--heaps", "2"]);
        for (int link = 0; link < 2; link++)
        {
            using GroupSender sender = new(IPAddress.Parse($"239.255.77.{link + 1}"), Port, link);
            sender.Send((ulong)link + 1);
        }

        Assert.That(Cnts(receiver), Is.EquivalentTo(new[] { 1, 2 }));
    });

    // The namespace belongs to this thread, and to what it starts itself.
    private CommandProcess Start(string[] arguments)
    {
        CommandProcess receiver = CommandProcess.Start(["recv", .. arguments, "--json", "--engine", engine]);
        int endpoints = Math.Max(1, arguments.Count(argument => argument == "--udp"));
        receiver.AwaitListening(endpoints);
        return receiver;
    }

    private static int[] Cnts(CommandProcess receiver) =>
    [
        .. receiver.WaitAsync().GetAwaiter().GetResult().Heaps
            .Select(line => int.Parse(line.Split(',')[0]["{\"cnt\":".Length..], null)),
    ];
}
