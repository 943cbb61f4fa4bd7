// SPDX-License-Identifier: MIT

using Spead2.Tools.Network;

namespace Spead2.Tools.Tests;

/// <summary>Endpoints in the field's notation.</summary>
[TestFixture]
public sealed class EndpointTests
{
    [TestCase("7148", null, 7148)]
    [TestCase(":7148", null, 7148)]
    [TestCase("0", null, 0)]
    [TestCase("localhost:7148", "localhost", 7148)]
    [TestCase("10.0.0.1:7148", "10.0.0.1", 7148)]
    [TestCase("[::1]:65535", "::1", 65535)]
    public void Host_and_port_are_read(string text, string? host, int port)
    {
        Endpoint endpoint = Endpoint.Parse(text, "--udp");

        Assert.That((endpoint.Host, endpoint.Port, endpoint.Count), Is.EqualTo((host, port, 1)));
        Assert.That((endpoint.Interface, endpoint.Senders.Count), Is.EqualTo(((string?)null, 0)));
    }

    [TestCase("239.2.1.254+3:7148", "239.2.1.254", "239.2.2.1")]
    [TestCase("[ff12::fffe]+3:7148", "ff12::fffe", "ff12::1:1")]
    [TestCase("10.0.0.1+3:7148", "10.0.0.1", "10.0.0.4")]
    public void Range_is_consecutive_addresses(string text, string first, string last)
    {
        string[] addresses = [.. Endpoint.Parse(text, "--udp").Addresses.Select(address => address.ToString())];

        Assert.That((addresses.Length, addresses[0], addresses[^1]), Is.EqualTo((4, first, last)));
    }

    [TestCase("[ff12::5%eth1]:7148", "ff12::5", "eth1")]
    [TestCase("239.2.1.150%eth1:7148", "239.2.1.150", "eth1")]
    [TestCase("239.2.1.150+15%eth1:7148", "239.2.1.150", "eth1")]
    public void Interface_is_read(string text, string host, string device)
    {
        Endpoint endpoint = Endpoint.Parse(text, "--udp");

        Assert.That((endpoint.Host, endpoint.Interface, endpoint.IsGroup), Is.EqualTo((host, device, true)));
    }

    [TestCase("10.0.0.9@239.2.1.150:7148", "10.0.0.9", "10.0.0.9@239.2.1.150")]
    [TestCase("10.0.0.9,10.0.0.8@239.2.1.150+1:7148", "10.0.0.9 10.0.0.8", "10.0.0.9,10.0.0.8@239.2.1.150+1")]
    [TestCase("[fe80::1]@[ff32::5%eth1]:7148", "fe80::1", "fe80::1@ff32::5%eth1")]
    public void Senders_are_read(string text, string senders, string place)
    {
        Endpoint endpoint = Endpoint.Parse(text, "--udp");

        Assert.That(endpoint.Senders, Is.EqualTo(senders.Split(' ')));
        Assert.That(endpoint.Place, Is.EqualTo(place));
    }

    [TestCase("localhost", "a port of 0 to 65535")]
    [TestCase("", "a port of 0 to 65535")]
    [TestCase("65536", "a number from 0 to 65535")]
    [TestCase("::1:7148", "an IPv6 address goes in brackets")]
    [TestCase("300.1.1.1:7148", "'300.1.1.1' is no address")]
    [TestCase("[10.0.0.1]:7148", "brackets are for IPv6 addresses")]
    [TestCase("239.255.255.250+15:7148", "beyond the last address of its kind")]
    [TestCase("255.255.255.250+15:7148", "beyond the last address of its kind")]
    [TestCase("239.2.1.150+1000:7148", "at most 1000 addresses")]
    [TestCase("239.2.1.150+15:0", "a range needs a port")]
    [TestCase("localhost+1:7148", "a range begins with an address")]
    [TestCase("10.0.0.9@10.0.0.1:7148", "only a multicast group has senders")]
    [TestCase("@239.2.1.150:7148", "there is no sender before the @")]
    [TestCase("10.0.0.1%eth1:7148", "has an interface")]
    public void What_is_none_is_refused_with_the_reason(string text, string reason)
    {
        UserErrorException refusal = Assert.Throws<UserErrorException>(() => Endpoint.Parse(text, "--udp"))!;

        Assert.That(refusal.Message, Does.StartWith($"--udp '{text}' is no endpoint: ").And.Contain(reason));
    }
}
