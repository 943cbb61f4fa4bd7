// SPDX-License-Identifier: MIT

using System.Numerics;
using System.Numerics.Tensors;

namespace Spead2.Fuzz.Items;

/// <summary>A type that elements may be asked for.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Type">The type.</param>
/// <param name="Read">Reads an item as span, array, tensor and scalar of the type, and compares them.</param>
internal sealed record ItemForm(int Number, Type Type, Action<Item, ByteOrder> Read)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<ItemForm> All { get; } =
    [
        Create<byte>(0), Create<sbyte>(1), Create<ushort>(2), Create<short>(3), Create<uint>(4), Create<int>(5),
        Create<ulong>(6), Create<long>(7), Create<Half>(8), Create<float>(9), Create<double>(10),
        Create<ComplexSingle>(11), Create<Complex>(12), Create<bool>(13), Create<char>(14), Create<FuzzRecord>(15),
        Create<DateTime>(16), Create<TimeSpan>(17),
    ];

    private static ItemForm Create<T>(int number)
        where T : unmanaged =>
        new(number, typeof(T), ReadAll<T>);

    private static void ReadAll<T>(Item item, ByteOrder order)
        where T : unmanaged
    {
        ReadOnlySpan<T> span = item.AsSpan<T>(order);
        T[] array = item.ToArray<T>(order);
        bool isRowMajor = !item.Descriptor.IsFortranOrder || item.Shape.Rank < 2;
        if (array.Length != span.Length || (isRowMajor && !array.AsSpan().SequenceEqual(span)))
        {
            // Not a number is never equal to itself, but equal to the comparer.
            if (array.Length != span.Length || !array.SequenceEqual(span.ToArray()))
            {
                throw new InvalidDataException("Not true: the array has the elements of the span");
            }
        }

        if (item.Type.NativeType == typeof(T) && span.Length != item.Count)
        {
            throw new InvalidDataException($"Not true: the span has {item.Count} elements; it has {span.Length}");
        }

        if (item.Count == 1)
        {
            _ = item.ToScalar<T>();
        }

        ReadOnlyTensorSpan<T> tensor = item.AsTensor<T>(order);
        if (tensor.FlattenedLength != item.Count)
        {
            throw new InvalidDataException($"Not true: the tensor has {item.Count} elements");
        }
    }
}
