// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Differential.Generation;

/// <summary>Makes the packets of heaps: as a sender would, and as the protocol just about allows.</summary>
internal sealed class HeapMaker(Dice dice, int addressBits)
{
    /// <summary>Identifier of an item that heaps may be counted by, which others have, too.</summary>
    public const long CountItem = 0x1000;

    /// <summary>Identifier of an item whose values tell sequences apart.</summary>
    public const long SetItem = 0x1001;

    private const long Stop = 2;

    // Packets of a trace should be small enough to be read.
    private const int LargestLength = 300;

    private readonly Draft _empty = new() { AddressBits = addressBits };

    /// <summary>The packets of a heap, in order.</summary>
    public List<Draft> Make(long cnt) => dice.Chance(35) ? Encoded(cnt) : Raw(cnt);

    /// <summary>A heap of one small packet: the number is its cnt, or that of the item that heaps are counted by.</summary>
    public List<Draft> MakeSmall(long number, TraceOptions options, int? set = null)
    {
        byte[] payload = dice.Bytes(1);
        bool isItem = options.CountItem != 0 && dice.Chance(95);
        long cnt = isItem ? (long)dice.Bits() & _empty.LargestValue : number;
        List<ulong> items = isItem ? [_empty.Immediate(CountItem, number)] : [];
        if (options.SetItem != 0 && dice.Chance(95))
        {
            items.Add(_empty.Immediate(SetItem, set ?? dice.Pick(0, 0, 0, 1, 2)));
        }

        return
        [
            _empty with
            {
                Payload = payload,
                Pointers =
                [
                    _empty.Immediate(ItemId.HeapCnt, cnt), _empty.Immediate(ItemId.HeapLength, payload.Length),
                    _empty.Immediate(ItemId.PayloadOffset, 0), _empty.Immediate(ItemId.PayloadLength, payload.Length),
                    .. items,
                ],
            },
        ];
    }

    /// <summary>The packets of a heap with a stop item in one of them.</summary>
    public List<Draft> MakeStop(long cnt)
    {
        List<Draft> packets = dice.Chance(35) ? Encoded(cnt, new HeapToSend()) : Make(cnt);
        Draft packet = packets[dice.Below(packets.Count)];
        packet.Pointers.Add(dice.Chance(90)
            ? packet.Immediate(ItemId.StreamControl, Stop)
            : packet.Address(ItemId.StreamControl, Stop));
        return packets;
    }

    private List<Draft> Encoded(long cnt)
    {
        var heap = new HeapToSend();
        for (int items = dice.Below(6); items > 0; items--)
        {
            if (dice.Chance(30))
            {
                heap.AddImmediate(UserId(), dice.Bits() & (ulong)_empty.LargestValue);
            }
            else
            {
                int most = (int)Math.Min(LargestLength, _empty.LargestValue / 8);
                heap.AddItem(UserId(), dice.Bytes(dice.Below(most + 1)), dice.Chance(50));
            }
        }

        return Encoded(cnt, heap);
    }

    private List<Draft> Encoded(long cnt, HeapToSend heap)
    {
        int packetSize = PacketEncoder.SmallestMaxPacketSize + (8 * dice.Below(20));
        bool repeatPointers = packetSize > 120 && dice.Chance(20);
        var encoder = new PacketEncoder(new Flavour(addressBits), packetSize, repeatPointers);
        byte[] buffer = new byte[encoder.MaxPacketSize];
        List<Draft> packets = [];
        encoder.Begin(heap, (ulong)cnt);
        while (!encoder.IsFinished)
        {
            packets.Add(Draft.Of(buffer.AsSpan(0, encoder.Write(buffer))));
        }

        return packets;
    }

    private List<Draft> Raw(long cnt)
    {
        int wanted = dice.Pick(0, dice.Below(16), dice.Below(65), dice.Below(LargestLength + 1));
        int length = (int)Math.Min(_empty.LargestValue, wanted);
        List<(int Start, int End)> parts = Cut(length);
        List<ulong>[] items = [.. parts.Select(_ => new List<ulong>())];

        int twice = dice.Chance(12) ? dice.Pick(ItemId.HeapLength, ItemId.PayloadLength) : ItemId.Null;
        Distribute(twice == ItemId.Null ? Items(cnt, length) : [], items);
        if (items.Length > 1 && dice.Chance(10))
        {
            // Two packets that contradict each other, as those of two senders do.
            long id = UserId();
            items[0].Add(_empty.Immediate(id, 1));
            items[^1].Add(_empty.Immediate(id, 2));
        }

        int percentWithLength = twice != ItemId.Null ? 100 : dice.Pick(100, 100, 0, 50);

        // A sender that is wrong about the length can contradict itself only with packets that do not say it.
        int announced = dice.Chance(20) ? dice.Below(length + 1) : length;
        List<Draft> packets = [];
        for (int i = 0; i < parts.Count; i++)
        {
            (int start, int end) = parts[i];
            bool saysLength = dice.Chance(percentWithLength) && end <= announced;
            packets.Add(Packet(cnt, saysLength ? announced : null, start, end - start, items[i]));
            SayTwice(twice, packets[^1]);
        }

        return packets;
    }

    // Of two the last counts, so the first may be wrong: here a payload length, by the bytes that the second one takes.
    private static void SayTwice(int special, Draft packet)
    {
        int index = packet.IndexOf(special);
        if (special != ItemId.Null && index >= 0)
        {
            long wrong = packet.ValueAt(index) + (special == ItemId.PayloadLength ? sizeof(ulong) : 0);
            packet.Pointers.Add(packet.Pointers[index]);
            packet.Pointers[index] = packet.Immediate(special, wrong);
        }
    }

    /// <summary>Parts that make up the whole, sometimes with empty ones, and with ones that overlap.</summary>
    private List<(int Start, int End)> Cut(int length)
    {
        int count = dice.Pick(1, 2, 3, dice.Between(2, 10));
        List<int> cuts = [0, length, .. Enumerable.Range(1, count - 1).Select(_ => dice.Below(length + 1))];
        cuts.Sort();
        List<(int Start, int End)> parts = [.. cuts.Zip(cuts.Skip(1))];
        if (dice.Chance(20))
        {
            int at = dice.Below(length + 1);
            parts.Insert(dice.Below(parts.Count + 1), (at, at));
        }

        if (dice.Chance(20))
        {
            int start = dice.Below(length + 1);
            parts.Insert(dice.Below(parts.Count + 1), (start, dice.Between(start, length)));
        }

        return parts;
    }

    private List<ulong> Items(long cnt, int length)
    {
        List<ulong> items = [];
        for (int left = dice.Pick(0, 0, 1, 2, dice.Below(8), dice.Below(30)); left > 0; left--)
        {
            long address = dice.Chance(3) ? length + dice.Between(1, 40) : dice.Below(length + 1);
            items.Add(dice.Below(20) switch
            {
                0 => _empty.Address(ItemId.Null, address),
                1 => _empty.Immediate(ItemId.Null, (long)dice.Bits()),
                2 => _empty.Address(dice.Between(1, 4), address),
                3 => _empty.Immediate(ItemId.StreamControl, dice.Pick(0L, 1, 3, 4)),
                4 => _empty.Address(dice.Pick<long>(ItemId.Descriptor, ItemId.StreamControl), address),
                5 when items.Count > 0 => items[dice.Below(items.Count)],
                6 => _empty.Immediate(ItemId.HeapLength, dice.Chance(70) ? length : dice.Below(400)),
                7 => _empty.Immediate(ItemId.HeapCnt, cnt),
                < 11 => _empty.Immediate(UserId(), dice.Chance(50) ? dice.Below(4) : (long)dice.Bits()),
                _ => _empty.Address(UserId(), address),
            });
        }

        return items;
    }

    private void Distribute(List<ulong> items, List<ulong>[] packets)
    {
        int way = dice.Below(4);
        foreach (ulong item in items)
        {
            switch (way)
            {
                case 0:
                    packets[0].Add(item);
                    break;
                case 1:
                    packets[dice.Below(packets.Length)].Add(item);
                    break;
                default:
                    Array.ForEach(packets, packet => packet.AddRange(way == 2 || dice.Chance(50) ? [item] : []));
                    break;
            }
        }
    }

    private Draft Packet(long cnt, long? heapLength, int offset, int length, List<ulong> items)
    {
        List<ulong> pointers =
        [
            _empty.Immediate(ItemId.HeapCnt, cnt),
            .. heapLength is long known ? [_empty.Immediate(ItemId.HeapLength, known)] : Array.Empty<ulong>(),
            _empty.Immediate(ItemId.PayloadOffset, offset),
            _empty.Immediate(ItemId.PayloadLength, length),
            .. items,
        ];
        if (dice.Chance(10))
        {
            dice.Shuffle(pointers, 0, pointers.Count);
        }

        return _empty with
        {
            Reserved = dice.Chance(5) ? (ushort)dice.Bits() : (ushort)0,
            Pointers = pointers,
            Payload = dice.Bytes(length),
        };
    }

    // Identifiers of outer heaps that mean something in descriptors are ordinary ones.
    private long UserId()
    {
        long id = dice.Pick<long>(7, 0x10, 0x14, 0x20, CountItem, SetItem, (long)dice.Bits());
        long largest = (1L << (63 - addressBits)) - 1;
        return Math.Max(7, id & largest);
    }
}
