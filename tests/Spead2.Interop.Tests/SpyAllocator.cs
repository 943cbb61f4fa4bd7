// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Writes down what it sees of packets, and counts in the first two custom statistics.</summary>
internal sealed unsafe class SpyAllocator : MemoryAllocator
{
    public List<Sight> Seen { get; } = [];

    protected internal override MemoryBlock Allocate(long size, in PacketHeader packet)
    {
        Seen.Add(new(
            packet.Cnt,
            packet.AddressBits,
            packet.HeapLength,
            packet.PayloadOffset,
            packet.Payload.ToArray(),
            packet.ItemPointers.ToArray(),
            packet.CustomStatistics.Length));
        if (!packet.CustomStatistics.IsEmpty)
        {
            packet.CustomStatistics[0]++;
            packet.CustomStatistics[1] = Math.Max(packet.CustomStatistics[1], size);
        }

        return new(NativeMemory.Alloc((nuint)size), size);
    }

    protected internal override void Free(in MemoryBlock block) => NativeMemory.Free(block.Address);

    public sealed record Sight(
        ulong Cnt,
        int AddressBits,
        long HeapLength,
        long PayloadOffset,
        byte[] Payload,
        byte[] ItemPointers,
        int StatisticsCount);
}
