// SPDX-License-Identifier: MIT

using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using Spead2.Send;

namespace Spead2.Testing.Items;

/// <summary>
/// Items with random descriptors of both kinds and random values, all following from one number, and the check that a
/// receiver has the same.
/// </summary>
public sealed class RandomItemGroup : IDisposable
{
    private const int FirstId = 7;
    private const int MaxLength = 5;

    private static readonly string[] NumPyTypes =
    [
        "|u1", "<u2", ">u4", "<u8", "|i1", ">i2", "<i4", ">i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<c8", ">c8",
        "<c16", ">c16", "|b1", "|S3", "<U2", ">U2", "|V5",
    ];

    private readonly Random _random;
    private readonly Dictionary<long, object> _values = [];

    public RandomItemGroup(int seed)
    {
        Seed = seed;
        _random = new(seed);
        Flavour = new(8 * _random.Next(3, 7), (BugCompat)_random.Next(8));
        MaxPacketSize = _random.Next(PacketEncoder.SmallestMaxPacketSize, 400);
        int count = _random.Next(1, 6);
        for (int i = 0; i < count; i++)
        {
            Item item = Items.Add(_random.Next(2) == 0 ? Format(FirstId + i) : NumPy(FirstId + i));
            object value = Value(item.Descriptor);
            item.SetValue(value);
            _values.Add(item.Id, value);
        }
    }

    public int Seed { get; }

    public Flavour Flavour { get; }

    public int MaxPacketSize { get; }

    public ItemGroup Items { get; } = [];

    /// <summary>All packets of a heap with all items.</summary>
    public IReadOnlyList<byte[]> Packets()
    {
        PacketEncoder encoder = new(Flavour, MaxPacketSize);
        encoder.Begin(new HeapGenerator(Items, Flavour).Next(), cnt: 1);
        List<byte[]> packets = [];
        byte[] buffer = new byte[encoder.MaxPacketSize];
        while (!encoder.IsFinished)
        {
            packets.Add(buffer[..encoder.Write(buffer)]);
        }

        return packets;
    }

    /// <summary>Asserts that a group has the same items with the same values.</summary>
    public void AssertReceived(ItemGroup received)
    {
        ArgumentNullException.ThrowIfNull(received);
        Assert.That(received.Select(item => item.Descriptor), Is.EquivalentTo(Items.Select(item => item.Descriptor)));
        foreach (Item item in received)
        {
            // Without bytes there is nothing in a payload, but an item pointer can say so.
            bool isSent = Items[item.Id].RawBytes.Length > 0 || item.Descriptor.AllowImmediate;
            Assert.That(item.HasValue, Is.EqualTo(isSent), item.ToString());
            if (item.HasValue)
            {
                Assert.That(item.Value.ToObject(), Is.EqualTo(_values[item.Id]), item.ToString());
                Assert.That(item.Shape, Is.EqualTo(Items[item.Id].Shape));
                Assert.That(item.RawBytes.SequenceEqual(Items[item.Id].RawBytes), Is.True);
                Assert.That(item.Value.ToString(), Is.Not.Null);
                AssertTyped(item);
            }
        }
    }

    public void Dispose() => Items.Dispose();

    public override string ToString() =>
        $"seed {Seed}, {Flavour} {Flavour.BugCompat}, packets of {MaxPacketSize}: {string.Join("; ", Items)}";

    private static void AssertTyped(Item item)
    {
        if (item.Type.NativeType.IsValueType && item.Type.NativeType != typeof(BigInteger))
        {
            typeof(RandomItemGroup).GetMethod(nameof(AssertTypedAs), BindingFlags.Static | BindingFlags.NonPublic)!
                .MakeGenericMethod(item.Type.NativeType)
                .Invoke(null, [item]);
        }
    }

    private static void AssertTypedAs<T>(Item item)
        where T : unmanaged
    {
        T[] elements = item.ToArray<T>();
        T[] fromTensor = new T[elements.Length];
        item.AsTensor<T>().FlattenTo(fromTensor);
        Assert.That(fromTensor, Is.EqualTo(elements));
        Assert.That(item.AsSpan<T>().ToArray(), Is.EquivalentTo(elements));
        if (item.Count == 1)
        {
            Assert.That(item.ToScalar<T>(), Is.EqualTo(elements[0]));
        }

        // Seen in the other order and turned around they are the same.
        T[] swapped = item.ToArray<T>(BitConverter.IsLittleEndian ? ByteOrder.BigEndian : ByteOrder.LittleEndian);
        int size = item.Type.Kind == ItemKind.Complex ? Marshal.SizeOf<T>() / 2 : Marshal.SizeOf<T>();
        if (item.Type.BitWidth % 8 == 0 && item.Type.Kind != ItemKind.Boolean
            && item.Type.BitWidth == 8 * Marshal.SizeOf<T>())
        {
            Span<byte> bytes = MemoryMarshal.AsBytes(swapped.AsSpan());
            for (int i = 0; i < bytes.Length; i += size)
            {
                bytes.Slice(i, size).Reverse();
            }
        }

        Assert.That(swapped, Is.EqualTo(elements));
    }

    private ItemDescriptor Format(int id)
    {
        int count = _random.Next(4) == 0 ? _random.Next(2, 5) : 1;
        FormatField[] fields = [.. Enumerable.Range(0, count).Select(_ => Field())];
        int rank = _random.Next(4);
        int[] dimensions = [.. Enumerable.Range(0, rank).Select(_ => Length())];
        if (rank > 0 && _random.Next(2) == 0)
        {
            dimensions[_random.Next(rank)] = ItemShape.Variable;
        }

        return ItemDescriptor.FromFormat(id, $"format{id}", Text(), new(dimensions), fields);
    }

    private FormatField Field() => _random.Next(6) switch
    {
        0 => new('f', 32 << _random.Next(2)),
        1 => new('c', 8),
        2 => new('b', _random.Next(1, 100)),
        3 => new('u', 8 << _random.Next(4)),
        4 => new('i', _random.Next(1, 130)),
        _ => new('u', _random.Next(1, 130)),
    };

    private ItemDescriptor NumPy(int id)
    {
        int[] dimensions = [.. Enumerable.Range(0, _random.Next(4)).Select(_ => Length())];
        ItemType type = ItemType.FromNumPy(NumPyType(depth: 0).Trim('\''));
        return ItemDescriptor.FromNumPy(id, $"numpy{id}", Text(), new(dimensions), type, _random.Next(2) == 0);
    }

    private string NumPyType(int depth)
    {
        if (depth == 3 || _random.Next(4) > 0)
        {
            return $"'{NumPyTypes[_random.Next(NumPyTypes.Length)]}'";
        }

        IEnumerable<string> fields = Enumerable.Range(0, _random.Next(1, 4)).Select(i => _random.Next(5) switch
        {
            0 => $"('x{i}', {NumPyType(depth + 1)}, ({_random.Next(1, 3)}, 2)), ('', '|V{_random.Next(1, 4)}')",
            1 => $"('it\\'s {i}', {NumPyType(depth + 1)}, (2,))",
            _ => $"('x{i}', {NumPyType(depth + 1)})",
        });
        return $"[{string.Join(", ", fields)}]";
    }

    private int Length() => _random.Next(10) == 0 ? 0 : _random.Next(1, MaxLength);

    private string Text() => new(' ', _random.Next(3));

    private object Value(ItemDescriptor descriptor)
    {
        if (descriptor.Shape.Rank == 0)
        {
            return Elements(descriptor.Type, 1).GetValue(0)!;
        }

        // With whole bytes no padding can be taken for elements.
        int fixedCount = (int)descriptor.Shape.Where(length => length >= 0).Aggregate(1L, (a, b) => a * b);
        int variable = descriptor.Shape.IsVariable ? 8 * _random.Next(3) : 1;
        Array elements = Elements(descriptor.Type, fixedCount * variable);
        return descriptor.IsText ? new string((char[])elements) : elements;
    }

    private Array Elements(ItemType type, int count)
    {
        int bits = type.BitWidth;
        return type.Kind switch
        {
            ItemKind.UnsignedInteger => bits switch
            {
                <= 8 => Many(() => (byte)Integer(bits, false)),
                <= 16 => Many(() => (ushort)Integer(bits, false)),
                <= 32 => Many(() => (uint)Integer(bits, false)),
                <= 64 => Many(() => (ulong)Integer(bits, false)),
                _ => Many(() => Integer(bits, false)),
            },
            ItemKind.SignedInteger => bits switch
            {
                <= 8 => Many(() => (sbyte)Integer(bits, true)),
                <= 16 => Many(() => (short)Integer(bits, true)),
                <= 32 => Many(() => (int)Integer(bits, true)),
                <= 64 => Many(() => (long)Integer(bits, true)),
                _ => Many(() => Integer(bits, true)),
            },
            ItemKind.FloatingPoint => bits switch
            {
                16 => Many(() => (Half)Number()),
                32 => Many(() => (float)Number()),
                _ => Many(Number),
            },
            ItemKind.Complex => bits == 64
                ? Many(() => new ComplexSingle((float)Number(), (float)Number()))
                : Many(() => new Complex(Number(), Number())),
            ItemKind.Boolean => Many(() => _random.Next(2) == 0),
            ItemKind.Character => Many(() => (char)_random.Next(128)),
            ItemKind.Bytes => Many(() => Bytes(_random.Next(bits / 8 + 1), least: 1)),
            ItemKind.Text => Many(() => new string('é', _random.Next(bits / 32 + 1))),
            ItemKind.Raw => Many(() => Bytes(bits / 8, least: 0)),
            _ => Many(() => new RandomRecord(
                [.. type.Fields.Select(field => field.Shape.Rank == 0
                    ? Elements(field.Type, 1).GetValue(0)!
                    : Elements(field.Type, (int)field.Shape.Aggregate(1L, (a, b) => a * b)))]).Values),
        };

        T[] Many<T>(Func<T> one) => [.. Enumerable.Range(0, count).Select(_ => one())];
    }

    private BigInteger Integer(int bits, bool signed)
    {
        BigInteger value = new(Bytes((bits / 8) + 1, least: 0), isUnsigned: true);
        value &= (BigInteger.One << bits) - 1;
        return signed ? value - (BigInteger.One << (bits - 1)) : value;
    }

    private double Number() => _random.Next(10) switch
    {
        0 => double.NaN,
        1 => double.NegativeInfinity,
        2 => 0,
        _ => (_random.NextDouble() - 0.5) * 1000,
    };

    private byte[] Bytes(int length, int least) =>
        [.. Enumerable.Range(0, length).Select(_ => (byte)_random.Next(least, 256))];

    /// <summary>The fields' values of a record.</summary>
    private sealed record RandomRecord(object[] Values);
}
