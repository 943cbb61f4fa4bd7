// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>How heaps under assembly are found when a sender has chosen their cnts.</summary>
public sealed class SearchTests
{
    private const int Heaps = 256;

    private const int PacketsOfAHeap = 4;

    private const int HeapLength = 16;

    // Multiplier of the hash without a key, as the specification has it.
    private const ulong GoldenRatio = 0x9e3779b97f4a7c15;

    [Test]
    public void Search_stays_short_when_a_sender_chooses_cnts() =>
        // About 1.25 entries for each packet; more than 16 once in a million processes.
        Assert.That(SearchDistanceAmongEqualHashes(keyed: true), Is.LessThan(16 * Heaps * PacketsOfAHeap));

    [Test]
    public void Unkeyed_search_looks_where_the_specification_says() =>
        // Newest first: each new heap finds those before it, and each heap's packets all that are newer.
        Assert.That(
            SearchDistanceAmongEqualHashes(keyed: false), Is.EqualTo(PacketsOfAHeap * Heaps * (Heaps + 1) / 2));

    /// <summary>
    /// Entries looked at for packets of many heaps in turns, with cnts that all fall into the first bucket of a table
    /// without a key.
    /// </summary>
    private static long SearchDistanceAmongEqualHashes(bool keyed)
    {
        List<ReadOnlyMemory<byte>> packets = [];
        for (int offset = 0; offset < HeapLength; offset += HeapLength / PacketsOfAHeap)
        {
            packets.AddRange(EqualHashes().Take(Heaps).Select(cnt => Packet(cnt, offset)));
        }

        using ReceiveStream stream = new(
            new ReceiveStreamOptions { MaxHeaps = Heaps, RingHeaps = Heaps, KeyedSearch = keyed });
        stream.AddDatagramReader(packets);
        for (int i = 0; i < Heaps; i++)
        {
            using Heap heap = stream.Read();
            Assert.That(heap.IsComplete);
        }

        Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
        return stream.Statistics.SearchDist;
    }

    /// <summary>Heap cnts of 48 bits whose products with the multiplier are small.</summary>
    private static IEnumerable<ulong> EqualHashes()
    {
        ulong inverse = 1;
        for (int bits = 1; bits < 64; bits *= 2)
        {
            inverse *= 2 - GoldenRatio * inverse;
        }

        for (ulong hash = 0; ; hash++)
        {
            if (hash * inverse >> 48 == 0)
            {
                yield return hash * inverse;
            }
        }
    }

    private static ReadOnlyMemory<byte> Packet(ulong cnt, int offset)
    {
        const int Length = HeapLength / PacketsOfAHeap;
        byte[] packet = new byte[40 + Length];
        ReadOnlySpan<ulong> words =
        [
            0x5304020600000004, 0x8001000000000000 | cnt, 0x8002000000000000 | HeapLength,
            0x8003000000000000 | (uint)offset, 0x8004000000000000 | Length,
        ];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(packet.AsSpan(i * sizeof(ulong)), words[i]);
        }

        return packet;
    }
}
