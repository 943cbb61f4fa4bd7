// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Text;
using Spead2.Send;

namespace Spead2.Fuzz.Items;

/// <summary>
/// Makes heaps with descriptors and values. It knows how they are written, so that most get past the first checks; and
/// then it breaks them in places.
/// </summary>
internal sealed class ItemCaseGenerator
{
    private const long FirstId = 0x60;
    private const int Ids = 5;
    private const int MostHeaps = 3;
    private const int MostItems = 4;
    private const int LongValue = 1 << 16;

    private static readonly int[] AddressBits = [40, 40, 48, 48, 48, 32, 24, 16, 56, 8];
    private static readonly long[] Dimensions =
        [0, 1, 2, 3, 5, 8, 100, 65536, int.MaxValue, 1L << 31, (1L << 40) - 1, -1];
    private static readonly int[] Widths = [1, 2, 4, 7, 8, 10, 12, 16, 24, 31, 32, 33, 48, 63, 64, 65, 100];
    private static readonly int[] OddWidths = [0, 1000, 65536, 0x7fffff, 0x7fffffff];

    private readonly Random _random;

    /// <summary>Makes the generator of one case.</summary>
    public ItemCaseGenerator(int seed) => _random = new Random(seed);

    /// <summary>Makes the case.</summary>
    public ItemCase Create()
    {
        BugCompat bugCompat = OneIn(5) ? (BugCompat)_random.Next(8) : BugCompat.None;
        var flavour = new Flavour(AddressBits[_random.Next(AddressBits.Length)], bugCompat);
        var heaps = new List<IReadOnlyList<FuzzItem>>();
        for (int i = _random.Next(MostHeaps) + 1; i > 0; i--)
        {
            heaps.Add(CreateHeap(flavour));
        }

        return new(flavour, heaps);
    }

    private List<FuzzItem> CreateHeap(Flavour flavour)
    {
        var items = new List<FuzzItem>();
        for (int i = _random.Next(MostItems) + 1; i > 0; i--)
        {
            long id = FirstId + _random.Next(Ids);
            if (!OneIn(5))
            {
                items.Add(new(ItemId.Descriptor, 0, CreateDescriptor(id, flavour)));
            }

            items.Add(CreateValue(OneIn(30) ? _random.Next(0x20) : id, flavour));
        }

        return items;
    }

    private FuzzItem CreateValue(long id, Flavour flavour)
    {
        if (OneIn(8))
        {
            ulong value = (ulong)_random.NextInt64(long.MinValue, long.MaxValue) >> (64 - flavour.AddressBits);
            return new(id, value, null);
        }

        byte[] bytes = new byte[OneIn(50) ? _random.Next(LongValue) : _random.Next(1, OneIn(3) ? 30 : 1000)];
        _random.NextBytes(bytes);
        if (OneIn(4))
        {
            bytes.AsSpan().Replace((byte)0x80, (byte)0x7f);
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] &= 0x7f;
            }
        }

        return new(id, 0, bytes);
    }

    private byte[] CreateDescriptor(long id, Flavour flavour)
    {
        Flavour inner = OneIn(10) ? new Flavour(AddressBits[_random.Next(AddressBits.Length)]) : flavour;
        var heap = new HeapToSend();
        heap.AddImmediate(ItemId.DescriptorId, (ulong)(OneIn(50) ? 0 : id));
        Add(ItemId.DescriptorName, CreateName(id));
        Add(ItemId.DescriptorDescription, Encoding.Latin1.GetBytes(OneIn(50) ? "\u00e9" : "about it"));
        Add(ItemId.DescriptorFormat, OneIn(3) ? [] : CreateFormat(inner));
        Add(ItemId.DescriptorShape, CreateShape(inner));
        if (!OneIn(3))
        {
            Add(ItemId.DescriptorDtype, Encoding.Latin1.GetBytes(DtypeText.Create(_random)));
        }

        byte[] encoded = Encode(heap, inner);
        return OneIn(10) ? Mutator.Mutate(_random, encoded)
            : OneIn(20) ? [.. encoded, .. encoded]
            : encoded;

        void Add(int item, byte[] bytes)
        {
            if (!OneIn(100))
            {
                heap.AddItem(item, OneIn(60) ? Mutator.Mutate(_random, bytes) : bytes, allowImmediate: OneIn(20));
            }
        }
    }

    private byte[] CreateName(long id) => OneIn(30) ? Encoding.Latin1.GetBytes(DtypeText.Create(_random))
        : OneIn(10) ? [(byte)_random.Next(0x100)]
        : [(byte)'n', (byte)id];

    /// <summary>The format of a descriptor.</summary>
    public byte[] CreateFormat(Flavour flavour)
    {
        bool isWide = (flavour.BugCompat & BugCompat.DescriptorWidths) != 0;
        int width = isWide ? 4 : 1 + 8 - (flavour.AddressBits / 8);
        var bytes = new List<byte>();
        for (int i = OneIn(40) ? _random.Next(2000) : _random.Next(1, OneIn(3) ? 6 : 2); i > 0; i--)
        {
            char code = OneIn(30) ? (char)_random.Next(0x100) : "uifbc"[_random.Next(5)];
            int bits = code switch
            {
                'f' when !OneIn(20) => OneIn(2) ? 32 : 64,
                'c' when !OneIn(20) => 8,
                _ when OneIn(30) => OddWidths[_random.Next(OddWidths.Length)],
                _ => Widths[_random.Next(Widths.Length)],
            };
            bytes.Add((byte)code);
            AddNumber(bytes, bits, width - 1);
        }

        return [.. bytes];
    }

    /// <summary>The shape of a descriptor.</summary>
    public byte[] CreateShape(Flavour flavour)
    {
        bool isWide = (flavour.BugCompat & BugCompat.DescriptorWidths) != 0;
        int width = isWide ? 8 : 1 + (flavour.AddressBits / 8);
        var bytes = new List<byte>();
        for (int i = OneIn(50) ? _random.Next(100) : _random.Next(4); i > 0; i--)
        {
            bytes.Add((byte)(OneIn(10) ? _random.Next(4) : 0));
            AddNumber(bytes, Dimensions[_random.Next(OneIn(20) ? Dimensions.Length : 5)], width - 1);
        }

        return [.. bytes];
    }

    private static void AddNumber(List<byte> bytes, long number, int width)
    {
        Span<byte> bigEndian = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bigEndian, number);
        for (int i = sizeof(long) - width; i < sizeof(long); i++)
        {
            bytes.Add(bigEndian[i]);
        }
    }

    private byte[] Encode(HeapToSend heap, Flavour flavour) => HeapBytes.Encode(
        heap,
        flavour,
        OneIn(10) ? _random.Next(PacketEncoder.SmallestMaxPacketSize, 300) : HeapBytes.WholeHeap(heap));

    private bool OneIn(int cases) => _random.Next(cases) == 0;
}
