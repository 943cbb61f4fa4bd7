// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>
/// What tcpdump and dumpcap write of traffic in a network of the test's own: it has exactly the heaps that a live receiver
/// got.
/// </summary>
public sealed class CapturedTrafficTests
{
    private const int Heaps = 20;
    private const int HeapBytes = 20_000;
    private const int UdpLevel = 17;
    private const int UdpSegment = 103;

    private const string Group = "239.255.79.1";
    private const string GroupV6 = "ff15::79";

    [TestCase("lo", "127.0.0.1")]
    [TestCase("any", "127.0.0.1")]
    [TestCase("lo", "::1")]
    [TestCase("any", "::1")]
    public void Traffic_on_loopback(string device, string address) => NetworkNamespace.Run(() =>
    {
        using CaptureProgram capture = CaptureProgram.Tcpdump("-i", device, "udp");
        AssertSame(capture, Loopback(address), port => Send(new(IPAddress.Parse(address), port), 1472));
    });

    // Records have up to 64 KiB.
    [TestCase("lo")]
    [TestCase("any")]
    public void Segmented_sends(string device) => NetworkNamespace.Run(() =>
    {
        using CaptureProgram capture = CaptureProgram.Tcpdump("-i", device, "udp");
        PacketSourceStatistics captured =
            AssertSame(capture, Loopback("127.0.0.1"), port => SendSegmented(new(IPAddress.Loopback, port)));

        Assert.That(captured.Frames, Is.LessThan(captured.Datagrams), "frames have several packets");
    });

    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    public void Fragments(string address) => NetworkNamespace.Run(() =>
    {
        NetworkNamespace.Ip("link set lo mtu 1500");
        using CaptureProgram capture = CaptureProgram.Tcpdump("-i", "lo");
        PacketSourceStatistics captured =
            AssertSame(capture, Loopback(address), port => Send(new(IPAddress.Parse(address), port), 8000));

        Assert.That(captured.Fragments, Is.GreaterThan(captured.Datagrams));
        Assert.That(captured.FragmentsLost, Is.Zero);
    });

    [TestCase("far0", Group)]
    [TestCase("far0", GroupV6)]
    [TestCase("any", GroupV6)]
    public void Traffic_on_a_link(string device, string group) => NetworkNamespace.Run(() =>
    {
        AcceptOwnAddresses();
        using CaptureProgram capture = CaptureProgram.Tcpdump("-i", device, "udp");
        AssertSame(
            capture,
            new() { Group = group, InterfaceName = "far0" },
            port => Send(new(IPAddress.Parse(group), port), 1400, "near0"));
    });

    [TestCase(Group)]
    [TestCase(GroupV6)]
    public void Tagged_traffic_on_a_link(string group) => NetworkNamespace.Run(() =>
    {
        foreach (string end in new[] { "near0", "far0" })
        {
            if (!NetworkNamespace.Try($"link add link {end} name {end}.5 type vlan id 5"))
            {
                Assert.Ignore("This kernel has no interfaces for 802.1Q.");
            }

            NetworkNamespace.Ip($"link set {end}.5 up");
        }

        NetworkNamespace.Ip("address add 10.78.0.1/24 dev near0.5");
        NetworkNamespace.Ip("address add fd78::1/64 dev near0.5 nodad");
        AcceptOwnAddresses();
        using CaptureProgram capture = CaptureProgram.Tcpdump("-i", "far0");
        AssertSame(
            capture,
            new() { Group = group, InterfaceName = "far0.5" },
            port => Send(new(IPAddress.Parse(group), port), 1400, "near0.5"));
    });

    // Two interfaces with link types of their own, and what passes lo is on any, too.
    [Test]
    public void Two_interfaces_in_one_capture() => NetworkNamespace.Run(() =>
    {
        using CaptureProgram capture = CaptureProgram.Dumpcap("-i", "near1", "-i", "any", "-f", "udp");
        AssertSame(capture, Loopback("127.0.0.1"), port => Send(new(IPAddress.Loopback, port), 1472));
    });

    // What comes in at the far end of a link is of a host that is this one, too, which IPv4 takes for a forgery.
    private static void AcceptOwnAddresses()
    {
        foreach (string name in new[] { "all", "far0" })
        {
            File.WriteAllText($"/proc/sys/net/ipv4/conf/{name}/accept_local", "1");
            File.WriteAllText($"/proc/sys/net/ipv4/conf/{name}/rp_filter", "0");
        }
    }

    private static UdpSourceOptions Loopback(string address) => new() { BindHost = address };

    /// <summary>
    /// Receives live what is sent, and then from the capture; gives the statistics of that.
    /// </summary>
    private static PacketSourceStatistics AssertSame(
        CaptureProgram capture, UdpSourceOptions options, Action<int> send)
    {
        using ReceiveStream stream = new(new() { RingHeaps = Heaps });
        int port = stream.AddUdpReader(options);
        send(port);
        List<string> live = [];
        for (int i = 0; i < Heaps; i++)
        {
            using Heap heap = stream.Read();
            live.Add(Describe(heap));
        }

        PacketSourceStatistics? statistics = null;
        List<string> captured = [];
        Poll.Until(
            () =>
            {
                captured = Receive(capture.Path, port, out statistics);
                return captured.Count >= Heaps;
            },
            () => $"{Heaps} heaps are in the capture, but {captured.Count}; {statistics?.Frames} frames");
        Assert.That(captured, Is.EquivalentTo(live));
        return statistics!;
    }

    private static List<string> Receive(string path, int port, out PacketSourceStatistics? statistics)
    {
        List<string> heaps = [];
        statistics = null;
        if (new FileInfo(path) is not { Exists: true, Length: > 0 })
        {
            return heaps;
        }

        using ReceiveStream stream = new(logger: new RecordingLogger());
        PacketSource source = stream.Add(new PcapSourceOptions { Path = path, Port = port });
        while (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            using (heap)
            {
                heaps.Add(Describe(heap));
            }
        }

        statistics = source.Statistics;
        return heaps;
    }

    private static string Describe(Heap heap) =>
        $"{heap.Cnt}: {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(heap.Payload.Span))}";

    private static IEnumerable<IReadOnlyList<ReadOnlyMemory<byte>>> PacketsOf(int packetSize) =>
        Enumerable.Range(1, Heaps).Select(cnt => Packets.OfHeap((ulong)cnt, HeapBytes, packetSize));

    private static void Send(IPEndPoint to, int packetSize, string? device = null)
    {
        using Socket socket = new(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (device is not null)
        {
            bool isV6 = to.AddressFamily == AddressFamily.InterNetworkV6;
            int index = NetworkNamespace.IndexOf(device);
            socket.SetSocketOption(
                isV6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP,
                SocketOptionName.MulticastInterface,
                isV6 ? index : IPAddress.HostToNetworkOrder(index));
            socket.SetSocketOption(
                isV6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP, SocketOptionName.MulticastLoopback, false);
        }

        foreach (ReadOnlyMemory<byte> packet in PacketsOf(packetSize).SelectMany(packets => packets))
        {
            socket.SendTo(packet.Span, to);
        }
    }

    private static void SendSegmented(IPEndPoint to)
    {
        using Socket socket = new(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        foreach (IReadOnlyList<ReadOnlyMemory<byte>> packets in PacketsOf(1472))
        {
            socket.SetRawSocketOption(UdpLevel, UdpSegment, BitConverter.GetBytes(packets[0].Length));
            socket.SendTo(Packets.Concatenate(packets), to);
        }
    }
}
