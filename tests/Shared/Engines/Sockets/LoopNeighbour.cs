// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>A stream on the same thread as another one: each of its heaps is a round of the loop that both share.</summary>
internal sealed class LoopNeighbour : IDisposable
{
    private readonly ReceiveStream _stream;
    private readonly UdpSender _sender;
    private ulong _cnt;

    public LoopNeighbour(IoThreadPool pool)
    {
        _stream = new(pool: pool);
        _sender = new(_stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
    }

    /// <summary>Has the loop look for work so many times, and do it.</summary>
    public void GoRound(int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            _sender.Send(Packets.OfHeap(++_cnt));
            Assert.That(_stream.TryRead(out Heap? heap, Poll.Deadline), Is.True, "The thread serves nobody.");
            heap!.Dispose();
        }
    }

    public void Dispose()
    {
        _sender.Dispose();
        _stream.Dispose();
    }
}
