// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Tests.Send;

/// <summary>
/// What a receiver makes of the packets of one heap, written as plainly as can be and without regard for speed, so
/// that it can judge the encoder.
/// </summary>
internal sealed class NaiveHeap
{
    private readonly List<(bool Immediate, long Id, ulong Value)> _pointers = [];

    public NaiveHeap(IEnumerable<byte[]> packets)
    {
        foreach (byte[] packet in packets)
        {
            Add(packet);
        }

        Assert.That(Covered, Is.All.True, "every byte of the heap is sent");
    }

    public int AddressBits { get; private set; }

    public ulong Cnt { get; private set; }

    public byte[] Payload { get; private set; } = [];

    /// <summary>Item pointers beyond the standard ones, of each packet.</summary>
    public List<int> PointersPerPacket { get; } = [];

    /// <summary>Payload bytes of each packet.</summary>
    public List<int> PayloadPerPacket { get; } = [];

    private bool[] Covered { get; set; } = [];

    /// <summary>The immediates, in the order in which they were sent.</summary>
    public List<(long Id, ulong Value)> Immediates() =>
        [.. _pointers.Where(p => p.Immediate).Select(p => (p.Id, p.Value))];

    /// <summary>The items in the payload that are not empty, by address. An item ends where the next starts.</summary>
    public List<(long Id, string Bytes)> Addressed()
    {
        (long Id, int Address)[] addressed =
            [.. _pointers.Where(p => !p.Immediate).Select(p => (p.Id, (int)p.Value)).OrderBy(p => p.Item2)];
        IEnumerable<int> ends = addressed.Skip(1).Select(p => p.Address).Append(Payload.Length);
        return [.. addressed.Zip(ends)
            .Where(p => p.First.Id != ItemId.Null && p.First.Address < p.Second)
            .Select(p => (p.First.Id, Convert.ToHexString(Payload[p.First.Address..p.Second])))];
    }

    private void Add(byte[] packet)
    {
        int addressBytes = packet[3];
        Assert.That(packet[..2], Is.EqualTo("S\u0004"u8.ToArray()), "magic and version");
        Assert.That(packet[2] + addressBytes, Is.EqualTo(8), "widths");
        int count = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(6));
        (bool Immediate, long Id, ulong Value)[] pointers =
            [.. Enumerable.Range(0, count).Select(i => Decode(packet.AsSpan(8 + (8 * i)), 8 * addressBytes))];
        Assert.That(
            pointers.Take(4).Select(p => (p.Immediate, p.Id)),
            Is.EqualTo(Enumerable.Range(1, 4).Select(id => (true, (long)id))),
            "standard item pointers");
        if (Payload.Length == 0)
        {
            AddressBits = 8 * addressBytes;
            Cnt = pointers[0].Value;
            Payload = new byte[pointers[1].Value];
            Covered = new bool[Payload.Length];
        }

        Assert.That(pointers[0].Value, Is.EqualTo(Cnt), "heap cnt");
        Assert.That(pointers[1].Value, Is.EqualTo(Payload.Length), "heap length");
        int offset = (int)pointers[2].Value;
        byte[] payload = packet[(8 + (8 * count))..];
        Assert.That(pointers[3].Value, Is.EqualTo(payload.Length), "payload length");
        Assert.That(Covered.Skip(offset).Take(payload.Length), Is.All.False, "nothing is sent twice");
        payload.CopyTo(Payload, offset);
        Array.Fill(Covered, true, offset, payload.Length);
        PointersPerPacket.Add(count - 4);
        PayloadPerPacket.Add(payload.Length);
        _pointers.AddRange(pointers.Skip(4).Where(p => !_pointers.Contains(p)));
    }

    private static (bool Immediate, long Id, ulong Value) Decode(ReadOnlySpan<byte> bytes, int addressBits)
    {
        ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        ulong id = (pointer & long.MaxValue) >> addressBits;
        return (pointer >> 63 == 1, (long)id, pointer & ((1UL << addressBits) - 1));
    }
}
