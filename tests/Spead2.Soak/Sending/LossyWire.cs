// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Soak.Sending;

/// <summary>Forwards datagrams from one port of this host to another, and loses some of them: single ones, and bursts.</summary>
internal sealed class LossyWire : IDisposable
{
    // One in so many is the first of a loss, and so many are lost at most.
    private const int Rarity = 50;
    private const int LongestBurst = 30;

    private readonly Socket _in = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _out = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Thread? _thread;

    /// <summary>Begins to forward.</summary>
    /// <param name="port">Where to.</param>
    /// <param name="seed">Seed of what is lost; null: nothing is in the way, and <see cref="Port"/> is the port itself.</param>
    public LossyWire(int port, int? seed)
    {
        _in.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _out.Connect(IPAddress.Loopback, port);
        Port = seed is null ? port : ((IPEndPoint)_in.LocalEndPoint!).Port;
        if (seed is { } given)
        {
            _thread = new Thread(() => Forward(new Random(given))) { IsBackground = true, Name = "wire" };
            _thread.Start();
        }
    }

    /// <summary>Where to send to.</summary>
    public int Port { get; }

    /// <summary>Datagrams that were lost on purpose.</summary>
    public long Lost { get; private set; }

    /// <summary>Forwards what is under way, and ends.</summary>
    public void End()
    {
        // An empty datagram is the end; it may find the buffer full.
        while (_thread is { IsAlive: true })
        {
            _out.SendTo([], _in.LocalEndPoint!);
            _thread.Join(TimeSpan.FromMilliseconds(10));
        }
    }

    public void Dispose()
    {
        End();
        _in.Dispose();
        _out.Dispose();
    }

    private void Forward(Random random)
    {
        byte[] buffer = new byte[OpenHeap.LargestPacket];
        int toLose = 0;
        for (int length = _in.Receive(buffer); length > 0; length = _in.Receive(buffer))
        {
            toLose = toLose == 0 && random.Next(Rarity) == 0 ? random.Next(2) == 0 ? 1 : random.Next(LongestBurst) : toLose;
            if (toLose > 0)
            {
                toLose--;
                Lost++;
            }
            else
            {
                _out.Send(buffer.AsSpan(0, length));
            }
        }
    }
}
