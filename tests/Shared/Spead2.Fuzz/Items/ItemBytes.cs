// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Send;

namespace Spead2.Fuzz.Items;

/// <summary>
/// Cases as bytes, so that a mutation changes a case in few places. The first byte is the flavour. Heaps and items follow,
/// each of which begins with its form: the next heap, an immediate, bytes, a descriptor's bytes, or the parts of a
/// descriptor, of which a right packet is made.
/// </summary>
internal static class ItemBytes
{
    private const int Forms = 5;
    private const int AddressWidths = 7;
    private const int BugCompatShift = 3;
    private const int BugCompatMask = 7;
    private const int BitsPerByte = 8;
    private const int MostItems = 256;

    /// <summary>The parts of a descriptor, in the order of their bytes.</summary>
    private static readonly int[] Parts =
    [
        ItemId.DescriptorName, ItemId.DescriptorDescription, ItemId.DescriptorFormat, ItemId.DescriptorShape,
        ItemId.DescriptorDtype,
    ];

    private enum Form
    {
        Heap,
        Immediate,
        Bytes,
        DescriptorBytes,
        DescriptorParts,
    }

    /// <summary>Flavour of a first byte.</summary>
    public static Flavour ReadFlavour(byte first) => new(
        BitsPerByte * (1 + ((first & BugCompatMask) % AddressWidths)), (BugCompat)((first >> BugCompatShift) & BugCompatMask));

    /// <summary>The case that bytes stand for: there is one for any bytes.</summary>
    public static ItemCase Read(ReadOnlySpan<byte> bytes)
    {
        var input = new InputReader(bytes);
        Flavour flavour = ReadFlavour(input.ReadByte());
        List<FuzzItem> heap = [];
        List<IReadOnlyList<FuzzItem>> heaps = [heap];
        for (int i = 0; i < MostItems && !input.IsEmpty; i++)
        {
            switch ((Form)(input.ReadByte() % Forms))
            {
                case Form.Heap:
                    heap = [];
                    heaps.Add(heap);
                    break;
                case Form.Immediate:
                    heap.Add(new(input.ReadUInt16(), input.ReadNumber(flavour.AddressBits / BitsPerByte), null));
                    break;
                case Form.Bytes:
                    heap.Add(new(input.ReadUInt16(), 0, input.ReadBytes()));
                    break;
                case Form.DescriptorBytes:
                    heap.Add(new(ItemId.Descriptor, 0, input.ReadBytes()));
                    break;
                default:
                    heap.Add(new(ItemId.Descriptor, 0, ReadParts(ref input, flavour)));
                    break;
            }
        }

        return new(flavour, heaps);
    }

    /// <summary>The bytes of a case whose identifiers have two bytes and whose values are short.</summary>
    public static byte[] Write(ItemCase input)
    {
        var bytes = new List<byte> { WriteFlavour(input.Flavour) };
        foreach (IReadOnlyList<FuzzItem> heap in input.Heaps)
        {
            foreach (FuzzItem item in heap)
            {
                WriteItem(bytes, item, input.Flavour);
            }

            bytes.Add((byte)Form.Heap);
        }

        return [.. bytes];
    }

    /// <summary>The bytes of a case with a descriptor that is made of parts, and a value for it.</summary>
    public static byte[] WriteMade(Flavour flavour, ushort id, byte[][] parts, byte[] value)
    {
        var bytes = new List<byte> { WriteFlavour(flavour), (byte)Form.DescriptorParts };
        AddUInt16(bytes, id);
        foreach (byte[] part in parts)
        {
            AddBytes(bytes, part);
        }

        WriteItem(bytes, new(id, 0, value), flavour);
        return [.. bytes];
    }

    private static byte WriteFlavour(Flavour flavour) =>
        (byte)((flavour.AddressBits / BitsPerByte) - 1 | ((int)flavour.BugCompat << BugCompatShift));

    private static void WriteItem(List<byte> bytes, FuzzItem item, Flavour flavour)
    {
        bool isDescriptor = item.Id == ItemId.Descriptor && item.Bytes is not null;
        bytes.Add((byte)(isDescriptor ? Form.DescriptorBytes : item.Bytes is null ? Form.Immediate : Form.Bytes));
        if (!isDescriptor)
        {
            AddUInt16(bytes, (ushort)item.Id);
        }

        if (item.Bytes is not null)
        {
            AddBytes(bytes, item.Bytes);
            return;
        }

        Span<byte> word = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(word, item.Value);
        bytes.AddRange(word[^(flavour.AddressBits / BitsPerByte)..]);
    }

    private static byte[] ReadParts(ref InputReader input, Flavour flavour)
    {
        var heap = new HeapToSend();
        ulong largest = ulong.MaxValue >> (sizeof(ulong) * BitsPerByte - flavour.AddressBits);
        heap.AddImmediate(ItemId.DescriptorId, input.ReadUInt16() & largest);
        foreach (int part in Parts)
        {
            heap.AddItem(part, input.ReadBytes(), allowImmediate: false);
        }

        return HeapBytes.Encode(heap, flavour, HeapBytes.WholeHeap(heap));
    }

    private static void AddBytes(List<byte> bytes, byte[] more)
    {
        AddUInt16(bytes, (ushort)more.Length);
        bytes.AddRange(more);
    }

    private static void AddUInt16(List<byte> bytes, ushort number)
    {
        bytes.Add((byte)(number >> BitsPerByte));
        bytes.Add((byte)number);
    }
}
