// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Fuzz.Items;

/// <summary>A heap as the bytes of its packets, as they stand in a descriptor item.</summary>
internal static class HeapBytes
{
    /// <summary>Size of a packet that has room for the whole heap.</summary>
    public static int WholeHeap(HeapToSend heap) =>
        PacketEncoder.SmallestMaxPacketSize + heap.Items.Sum(item => item.Data.Length + sizeof(ulong));

    /// <summary>The packets of a heap, one after the other; empty if the flavour has no room for so long a heap.</summary>
    public static byte[] Encode(HeapToSend heap, Flavour flavour, int maxPacketSize)
    {
        var encoder = new PacketEncoder(flavour, maxPacketSize);
        byte[] buffer = new byte[encoder.MaxPacketSize];
        var bytes = new List<byte>();
        try
        {
            encoder.Begin(heap, cnt: 1);
        }
        catch (ArgumentException)
        {
            return [];
        }

        while (!encoder.IsFinished)
        {
            bytes.AddRange(buffer.AsSpan(0, encoder.Write(buffer)));
        }

        return [.. bytes];
    }
}
