// SPDX-License-Identifier: MIT

using System.Text;
using Spead2.Send;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>Descriptors of any bytes (a character is a byte), in SPEAD-64-48.</summary>
internal static class RawDescriptor
{
    /// <summary>One packet; parts that are null are left out.</summary>
    public static byte[] Encode(
        long id, string? name, string? format = null, string? shape = null, string? dtype = null) =>
        Packets.Encode(Heap(id, name, format, shape, dtype), cnt: 1, Packets.Flavour48, maxPacketSize: 1 << 21)
            .Single();

    /// <summary>The inner heap.</summary>
    public static HeapToSend Heap(
        long id, string? name, string? format = null, string? shape = null, string? dtype = null)
    {
        HeapToSend heap = new();
        heap.AddImmediate(ItemId.DescriptorId, (ulong)id);
        Add(ItemId.DescriptorName, name);
        Add(ItemId.DescriptorFormat, format);
        Add(ItemId.DescriptorShape, shape);
        Add(ItemId.DescriptorDtype, dtype);
        return heap;

        void Add(int part, string? text)
        {
            if (text is not null)
            {
                heap.AddItem(part, Encoding.Latin1.GetBytes(text), allowImmediate: false);
            }
        }
    }
}
