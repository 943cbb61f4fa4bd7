// SPDX-License-Identifier: MIT

using Spead2.Send;
using Spead2.Tools;

namespace Spead2.Soak.Sending;

/// <summary>A heap that is being sent: known content, packet by packet.</summary>
internal sealed class OpenHeap
{
    private static readonly int[] PacketSizes = [576, 1472, 8192];

    private readonly PacketEncoder[] _encoders = [.. PacketSizes.Select(size => new PacketEncoder(default, size))];
    private readonly HeapToSend _heap = new();
    private readonly byte[] _content;
    private PacketEncoder _encoder;

    public OpenHeap(int largest)
    {
        _content = new byte[largest];
        _encoder = _encoders[0];
    }

    /// <summary>Largest packet that a heap may have.</summary>
    public static int LargestPacket => PacketSizes.Max();

    /// <summary>Whether nobody relies on the heap.</summary>
    public bool IsDecoy { get; private set; }

    /// <summary>Whether all packets have been written.</summary>
    public bool IsFinished => _encoder.IsFinished;

    /// <summary>Begins another heap.</summary>
    /// <param name="cnt">Its heap cnt, from which its content follows.</param>
    /// <param name="size">Bytes of content.</param>
    /// <param name="kind">Decides the size of its packets.</param>
    /// <param name="isDecoy">Whether nobody relies on it.</param>
    public void Begin(ulong cnt, int size, int kind, bool isDecoy)
    {
        IsDecoy = isDecoy;
        HeapContent.Fill(_content.AsSpan(0, size), cnt);
        _heap.Clear();
        _heap.AddItem(HeapContent.DataId, _content.AsMemory(0, size), allowImmediate: false);
        _encoder = _encoders[kind % _encoders.Length];
        _encoder.Begin(_heap, cnt);
    }

    /// <summary>Writes the next packet and gives its length.</summary>
    public int Write(Span<byte> packet) => _encoder.Write(packet);
}
