// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>UDP sources on user-supplied sockets, and on multicast groups.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class UdpSocketTests : IDisposable
{
    private static readonly IPAddress Group = IPAddress.Parse("239.255.88.88");

    private readonly ReceiveStream _stream = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    [Test]
    public void Bound_socket_is_used_as_it_is_and_its_owner_may_dispose_it([Values] bool saysPort)
    {
        _socket.ReceiveBufferSize = 100_000;
        int buffer = _socket.ReceiveBufferSize;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int bound = ((IPEndPoint)_socket.LocalEndPoint!).Port;

        int port = _stream.AddUdpReader(new UdpSourceOptions { Socket = _socket, Port = saysPort ? bound : 0 });
        Assert.That(port, Is.EqualTo(bound));
        Assert.That(_socket.ReceiveBufferSize, Is.EqualTo(buffer));
        _socket.Dispose();
        AssertReceives(port);
    }

    [Test]
    public void Socket_that_is_not_bound_is_bound()
    {
        int port = _stream.AddUdpReader(port: 0, bindHost: "127.0.0.1", bufferSize: 150_000, socket: _socket);
        int reported = OperatingSystem.IsLinux() ? 2 * 150_000 : 150_000;
        Assert.That(_socket.ReceiveBufferSize, Is.EqualTo(reported), "Linux reports twice as much.");
        _socket.Dispose();
        AssertReceives(port);
    }

    [Test]
    public void Garbage_collection_of_the_callers_socket_does_not_matter()
    {
        int port = AddAndForget();
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        AssertReceives(port);
    }

    [Test]
    public void Stop_closes_the_duplicate_and_not_the_callers_socket()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = _stream.AddUdpReader(new UdpSourceOptions { Socket = _socket });
        _stream.Stop();

        using Socket other = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Assert.That(() => other.Bind(new IPEndPoint(IPAddress.Loopback, port)), Throws.InstanceOf<SocketException>());
        _socket.Dispose();
        Assert.That(() => other.Bind(new IPEndPoint(IPAddress.Loopback, port)), Throws.Nothing);
    }

    [Test]
    public void Disposed_socket_is_refused()
    {
        _socket.Dispose();

        Assert.That(
            () => _stream.AddUdpReader(new UdpSourceOptions { Socket = _socket }),
            Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Socket_that_is_not_for_datagrams_is_refused()
    {
        using Socket stream = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        Assert.That(
            () => _stream.AddUdpReader(new UdpSourceOptions { Socket = stream }),
            Throws.ArgumentException.With.Message.Contains("Stream"));
    }

    [Test]
    public void Datagram_socket_that_is_not_udp_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("Windows has no datagram sockets but those of UDP.");
        }

        using Socket local = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

        Assert.That(
            () => _stream.AddUdpReader(new UdpSourceOptions { Socket = local }), Throws.InstanceOf<Spead2Exception>());
    }

    [Test]
    public void Bound_socket_takes_no_other_options()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        UdpSourceOptions[] refused =
        [
            new() { Socket = _socket, Port = 1 },
            new() { Socket = _socket, BindHost = "127.0.0.1" },
            new() { Socket = _socket, BufferSize = 0 },
            new() { Socket = _socket, Group = "239.255.88.88" },
        ];

        foreach (UdpSourceOptions options in refused)
        {
            Assert.That(
                () => _stream.AddUdpReader(options),
                Throws.ArgumentException.With.Message.Contains($"bound to {_socket.LocalEndPoint}"));
        }
    }

    [Test]
    public void Group_on_the_loopback_interface_is_received()
    {
        int port = _stream.AddUdpReader(Group, port: 0, interfaceAddress: IPAddress.Loopback);
        SendToGroup(port);

        using Heap heap = _stream.Read();
        Assert.That(heap.Cnt, Is.EqualTo(1));
    }

    [Test]
    public void Two_streams_receive_one_group_on_one_port()
    {
        using ReceiveStream second = new();
        int port = _stream.AddUdpReader(Group, port: 0, interfaceAddress: IPAddress.Loopback);
        second.AddUdpReader(new UdpSourceOptions
        {
            Group = Group.ToString(),
            Port = port,
            InterfaceAddress = "127.0.0.1",
        });
        SendToGroup(port);

        using Heap first = _stream.Read();
        using Heap again = second.Read();
        Assert.That((first.Cnt, again.Cnt), Is.EqualTo((1, 1)));
    }

    [Test]
    public void Group_may_be_the_interfaces_own_address()
    {
        int port = _stream.AddUdpReader(IPAddress.Loopback, port: 0, interfaceAddress: IPAddress.Loopback);

        AssertReceives(port);
    }

    [Test]
    public void Address_that_is_neither_a_group_nor_the_interfaces_own_is_named()
    {
        Assert.That(
            () => _stream.AddUdpReader(IPAddress.Parse("127.0.0.2"), port: 0, interfaceAddress: IPAddress.Loopback),
            Throws.InstanceOf<Spead2Exception>().With.Message.Contains("127.0.0.2"));
        Assert.That(
            () => _stream.AddUdpReader(IPAddress.IPv6Loopback, port: 0, interfaceIndex: 1),
            Throws.InstanceOf<Spead2Exception>().With.Message.Contains("::1"));
    }

    [Test]
    public void Family_of_an_address_must_fit_the_form()
    {
        Assert.That(
            () => _stream.AddUdpReader(IPAddress.Parse("ff02::1"), 0, IPAddress.Loopback),
            Throws.ArgumentException.With.Message.Contains("ff02::1"));
        Assert.That(
            () => _stream.AddUdpReader(Group, 0, IPAddress.IPv6Loopback),
            Throws.ArgumentException.With.Message.Contains("::1"));
        Assert.That(
            () => _stream.AddUdpReader(Group, 0, interfaceIndex: 1),
            Throws.ArgumentException.With.Message.Contains($"{Group}"));
    }

    [TestCase("host", "239.255.88.88", null, 0, nameof(UdpSourceOptions.BindHost))]
    [TestCase(null, null, "127.0.0.1", 0, nameof(UdpSourceOptions.InterfaceAddress))]
    [TestCase(null, null, null, 1, nameof(UdpSourceOptions.InterfaceIndex))]
    [TestCase(null, "239.255.88.88", "127.0.0.1", 1, nameof(UdpSourceOptions.InterfaceIndex))]
    [TestCase(null, "ff02::1", null, -1, nameof(UdpSourceOptions.InterfaceIndex))]
    [TestCase(null, "", null, 0, nameof(UdpSourceOptions.Group))]
    [TestCase(null, "239.255.88.88\0", null, 0, nameof(UdpSourceOptions.Group))]
    public void Option_that_does_not_fit_the_others_is_named(
        string? bindHost, string? group, string? interfaceAddress, int interfaceIndex, string name)
    {
        UdpSourceOptions options = new()
        {
            BindHost = bindHost,
            Group = group,
            InterfaceAddress = interfaceAddress,
            InterfaceIndex = interfaceIndex,
        };

        Assert.That(
            () => _stream.AddUdpReader(options),
            Throws.InstanceOf<ArgumentException>().With.Property(nameof(ArgumentException.ParamName)).EqualTo(name));
    }

    private static void SendToGroup(int port)
    {
        // Stays on the loopback interface.
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.SetSocketOption(
            SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Loopback.GetAddressBytes());
        foreach (ReadOnlyMemory<byte> packet in Packets.OfHeap(1))
        {
            sender.SendTo(packet.Span, new IPEndPoint(Group, port));
        }
    }

    private int AddAndForget()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        return _stream.AddUdpReader(port: 0, bindHost: "127.0.0.1", socket: socket);
    }

    private void AssertReceives(int port)
    {
        using UdpSender sender = new(port);
        sender.Send(Packets.OfHeap(1));
        Assert.That(_stream.TryRead(out Heap? heap, Poll.Deadline), Is.True);
        heap!.Dispose();
    }
}
