// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Receive;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>
/// A heap that was assembled from packets by the plainest of engines. Its memory is overwritten when it is released,
/// so that whoever reads it then is noticed.
/// </summary>
internal sealed unsafe class PacketHeap : Heap
{
    private const byte Garbage = 0xdd;

    private readonly byte* _memory;
    private readonly int _length;
    private readonly List<Pointer> _pointers;
    private readonly int _addressBits;
    private readonly UnmanagedHeap.Counter? _releases;

    private PacketHeap(
        byte* memory,
        int length,
        List<Pointer> pointers,
        ulong cnt,
        Flavour flavour,
        bool isComplete,
        UnmanagedHeap.Counter? releases)
        : base(new HeapInfo
        {
            Cnt = cnt,
            Flavour = flavour,
            HeapLength = length,
            ReceivedLength = length,
            State = isComplete ? HeapState.Complete | HeapState.Contiguous : default,
            Payload = memory,
            PayloadLength = length,
        })
    {
        _memory = memory;
        _length = length;
        _pointers = pointers;
        _addressBits = flavour.AddressBits;
        _releases = releases;
    }

    /// <summary>A heap as it arrives when these are all its packets.</summary>
    public static PacketHeap Of(
        IReadOnlyList<byte[]> packets,
        BugCompat bugCompat = BugCompat.None,
        UnmanagedHeap.Counter? releases = null,
        bool isComplete = true)
    {
        int addressBits = 8 * packets[0][3];
        List<Pointer> pointers = [];
        byte[] payload = [];
        ulong cnt = 0;
        foreach (byte[] packet in packets)
        {
            int count = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(6));
            Pointer[] ofPacket = [.. Enumerable.Range(0, count).Select(i => Decode(packet, 8 + (8 * i), addressBits))];
            pointers.AddRange(ofPacket.Where(p => p.Id is 0 or > ItemId.PayloadLength && !pointers.Contains(p)));
            cnt = Standard(ItemId.HeapCnt);
            if (payload.Length == 0)
            {
                payload = new byte[Standard(ItemId.HeapLength)];
            }

            packet.AsSpan(8 + (8 * count)).CopyTo(payload.AsSpan((int)Standard(ItemId.PayloadOffset)));

            ulong Standard(int id) => ofPacket.First(p => p.IsImmediate && p.Id == id).Value;
        }

        byte* memory = (byte*)NativeMemory.Alloc((nuint)payload.Length);
        payload.CopyTo(new Span<byte>(memory, payload.Length));
        return new(
            memory, payload.Length, pointers, cnt, new Flavour(addressBits, bugCompat), isComplete, releases);
    }

    /// <summary>A heap as it arrives when it is sent with this flavour.</summary>
    public static PacketHeap Of(HeapToSend heap, Flavour flavour, UnmanagedHeap.Counter? releases = null) =>
        Of(Packets.Encode(heap, cnt: 1, flavour), flavour.BugCompat, releases);

    internal override RawItem[] ReadItems()
    {
        List<Pointer> addressed = [.. _pointers.Where(p => !p.IsImmediate).OrderBy(p => p.Value)];
        IEnumerable<ulong> ends = addressed.Skip(1).Select(p => p.Value).Append((ulong)_length);
        IEnumerable<RawItem> inPayload = addressed.Zip(ends)
            .Where(p => p.First.Id != 0 && p.First.Value < p.Second)
            .Select(p => new RawItem(this, p.First.Id, false, p.First.Value, (int)(p.Second - p.First.Value)));
        IEnumerable<RawItem> immediates = _pointers.Where(p => p.IsImmediate && p.Id != 0)
            .OrderBy(p => p.Value)
            .Select(p => new RawItem(this, p.Id, true, p.Value, _addressBits / 8));
        return [.. IsContiguous ? inPayload : [], .. immediates];
    }

    internal override PayloadRange[] ReadRanges() => [];

    internal override void ReleaseMemory()
    {
        new Span<byte>(_memory, _length).Fill(Garbage);
        NativeMemory.Free(_memory);
        _releases?.Increment();
    }

    private static Pointer Decode(byte[] packet, int at, int addressBits)
    {
        ulong bits = BinaryPrimitives.ReadUInt64BigEndian(packet.AsSpan(at));
        return new(
            bits >> 63 != 0, (long)((bits & long.MaxValue) >> addressBits), bits & ((1UL << addressBits) - 1));
    }

    private readonly record struct Pointer(bool IsImmediate, long Id, ulong Value);
}
