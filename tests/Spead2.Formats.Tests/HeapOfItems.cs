// SPDX-License-Identifier: MIT

using Spead2.Managed;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Formats.Tests;

/// <summary>Heaps that were received.</summary>
internal static class HeapOfItems
{
    /// <summary>Packets of a heap with what receivers of the generator's heaps do not have yet.</summary>
    /// <param name="generator">Makes the heap.</param>
    /// <param name="cnt">Its cnt.</param>
    public static byte[] Packets(HeapGenerator generator, ulong cnt)
    {
        PacketEncoder encoder = new(default, maxPacketSize: 1472);
        encoder.Begin(generator.Next(), cnt);
        List<byte> packets = [];
        byte[] buffer = new byte[encoder.MaxPacketSize];
        while (!encoder.IsFinished)
        {
            packets.AddRange(buffer.AsSpan(0, encoder.Write(buffer)));
        }

        return [.. packets];
    }

    /// <summary>The same of items of which the first u8's format has a code that there is not.</summary>
    public static byte[] PacketsOfUnknown(ItemGroup items)
    {
        byte[] packets = Packets(new HeapGenerator(items, default), cnt: 1);
        int format = packets.AsSpan().IndexOf("u\0\0\u0008"u8);
        packets[format] = (byte)'q';
        return packets;
    }

    /// <summary>Gives a group the items of heaps, one heap after the other.</summary>
    public static void Receive(byte[] packets, ItemGroup items, Action<Heap, UpdatedItems> received)
    {
        using ManagedReceiveStream stream = new();
        stream.Add(new BufferSourceOptions { Packets = packets });
        while (stream.TryRead(out Heap? heap, TimeSpan.FromSeconds(10)))
        {
            using (heap)
            {
                received(heap, items.Update(heap));
            }
        }
    }
}
