// SPDX-License-Identifier: MIT

using System.Text;
using Spead2.Send;

namespace Spead2.Items.Descriptors;

/// <summary>Encodes descriptors as SPEAD packets.</summary>
internal static class DescriptorWriter
{
    // There is one inner heap per descriptor, always with this heap cnt.
    private const ulong InnerCnt = 1;

    /// <summary>Encodes a descriptor as one packet; texts that were received and are not ASCII as UTF-8.</summary>
    /// <exception cref="ArgumentException">The descriptor does not fit the flavour.</exception>
    public static byte[] Write(ItemDescriptor descriptor, Flavour flavour)
    {
        HeapToSend heap = new();
        heap.AddImmediate(ItemId.DescriptorId, (ulong)descriptor.Id);
        Add(ItemId.DescriptorName, Encoding.UTF8.GetBytes(descriptor.Name));
        Add(ItemId.DescriptorDescription, Encoding.UTF8.GetBytes(descriptor.Description));
        Add(ItemId.DescriptorFormat, DescriptorFields.WriteFormat(descriptor.Format.AsSpan(), flavour));
        Add(ItemId.DescriptorShape, DescriptorFields.WriteShape(descriptor.Shape, flavour));
        if (descriptor.IsNumPy)
        {
            NumPyHeader header = new(descriptor.Type, descriptor.Shape, descriptor.IsFortranOrder);
            Add(
                ItemId.DescriptorDtype,
                Encoding.ASCII.GetBytes(header.Write((flavour.BugCompat & BugCompat.SwapEndian) != 0)));
        }

        if (descriptor.Id >> (63 - flavour.AddressBits) != 0)
        {
            throw new ArgumentException($"Item 0x{descriptor.Id:x} does not fit in {63 - flavour.AddressBits} bits.");
        }

        int size = PacketSize(heap);
        PacketEncoder encoder = new(flavour, Math.Max(size + 7, PacketEncoder.SmallestMaxPacketSize));
        encoder.Begin(heap, InnerCnt);
        byte[] packet = new byte[encoder.MaxPacketSize];
        return packet[..encoder.Write(packet)];

        void Add(int id, byte[] bytes) => heap.AddItem(id, bytes, allowImmediate: false);
    }

    // The header, the four standard item pointers, those of the heap, 8 bytes that an encoder keeps for payload.
    private static int PacketSize(HeapToSend heap)
    {
        int size = 8 * (1 + 4 + heap.Items.Count + 1);
        foreach (ItemToSend item in heap.Items)
        {
            size += item.Data.Length;
        }

        return size;
    }
}
