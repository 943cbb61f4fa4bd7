// SPDX-License-Identifier: MIT

namespace Spead2.Soak.Sending;

/// <summary>A sender of heaps of known content, without any fault: of one packet and of several in turns.</summary>
internal sealed class GoodTraffic(int port, double bytesPerSecond) : Traffic(port, bytesPerSecond)
{
    /// <summary>Content of a heap of one packet, and of one of several.</summary>
    public static readonly int[] Sizes = [1000, 10_000];

    private const int PacketKind = 1;

    private readonly OpenHeap _heap = new(Sizes.Max());
    private readonly byte[] _packet = new byte[OpenHeap.LargestPacket];
    private ulong _cnt;

    /// <summary>Heaps of one packet that were sent: those of odd cnt.</summary>
    public long SmallHeaps => (Heaps + 1) / 2;

    /// <summary>Heaps of several packets that were sent.</summary>
    public long LargerHeaps => Heaps / 2;

    private long Heaps => (long)Volatile.Read(ref _cnt);

    protected override void Step()
    {
        _heap.Begin(_cnt + 1, Sizes[_cnt % 2], PacketKind, isDecoy: false);
        while (!_heap.IsFinished)
        {
            Send(_packet.AsSpan(0, _heap.Write(_packet)));
        }

        Volatile.Write(ref _cnt, _cnt + 1);
    }
}
