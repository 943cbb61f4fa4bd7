// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Managed;
using Spead2.Tools.Network;

namespace Spead2.Tools.CaptureFiles;

/// <summary>Where datagrams of a capture go: by their destination in it, or all others to one address.</summary>
internal sealed class ReplayTargets : IDisposable
{
    private const int BufferSize = 4 << 20;

    private readonly Dictionary<SenderAddress, int> _numbers = [];
    private readonly List<(Socket Socket, SocketAddress Address)> _targets = [];
    private readonly Dictionary<AddressFamily, Socket> _sockets = [];
    private readonly int _others = -1;

    /// <summary>Opens a socket for each family.</summary>
    /// <param name="maps">Destinations in the capture, each with where it goes.</param>
    /// <param name="others">Where all others go; null: nowhere.</param>
    public ReplayTargets(IEnumerable<(IPEndPoint From, IPEndPoint To)> maps, IPEndPoint? others)
    {
        foreach ((IPEndPoint from, IPEndPoint to) in maps)
        {
            if (!_numbers.TryAdd(SenderAddress.Of(from.Address.GetAddressBytes(), from.Port), Add(to)))
            {
                Dispose();
                throw new UserErrorException($"--map has {from} twice.");
            }
        }

        if (others is not null)
        {
            _others = Add(others);
        }
    }

    /// <summary>Reads what --map is given: FROM=TO, where both may be ranges of equally many addresses.</summary>
    public static IEnumerable<(IPEndPoint From, IPEndPoint To)> ReadMap(string text)
    {
        string[] parts = text.Split('=');
        Endpoint[] ends = parts.Length == 2 ? [.. parts.Select(part => Endpoint.Parse(part, "--map"))] : [];
        if (ends.Length != 2 || (ends[1].Count != 1 && ends[1].Count != ends[0].Count) ||
            ends.Any(end => end.Address is null || end.Port == 0 || end.Senders.Count > 0 || end.Interface is not null))
        {
            throw new UserErrorException(
                $"--map needs an address and a port in front of = and behind it, as in 239.2.1.150+15:7148=127.0.0.1:7148, not '{text}'.");
        }

        IPAddress[] to = [.. ends[1].Addresses];
        return ends[0].Addresses.Select((from, i) =>
            (new IPEndPoint(from, ends[0].Port), new IPEndPoint(to[to.Length == 1 ? 0 : i], ends[1].Port)));
    }

    /// <summary>The number of where a datagram goes; negative: nowhere.</summary>
    public int Of(in SenderAddress destination) => _numbers.GetValueOrDefault(destination, _others);

    /// <summary>Sends a datagram there.</summary>
    /// <exception cref="SocketException">The system refuses it.</exception>
    public void Send(int number, ReadOnlySpan<byte> datagram)
    {
        (Socket socket, SocketAddress address) = _targets[number];
        socket.SendTo(datagram, SocketFlags.None, address);
    }

    public void Dispose()
    {
        foreach (Socket socket in _sockets.Values)
        {
            socket.Dispose();
        }
    }

    private int Add(IPEndPoint to)
    {
        if (!_sockets.TryGetValue(to.AddressFamily, out Socket? socket))
        {
            socket = new(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { SendBufferSize = BufferSize };
            _sockets.Add(to.AddressFamily, socket);
        }

        _targets.Add((socket, to.Serialize()));
        return _targets.Count - 1;
    }
}
