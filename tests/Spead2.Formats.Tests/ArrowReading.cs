// SPDX-License-Identifier: MIT

using System.Numerics;
using System.Text.Json.Nodes;
using Apache.Arrow;

namespace Spead2.Formats.Tests;

/// <summary>The value of an item in a record batch of one row, in the form of <see cref="EveryKind.Values"/>.</summary>
internal static class ArrowReading
{
    /// <summary>Asserts that a batch is one heap with these values.</summary>
    public static void AssertIsHeap(RecordBatch batch, ulong cnt, IEnumerable<Item> items)
    {
        Assert.That(batch.Length, Is.EqualTo(1));
        Assert.That(((UInt64Array)batch.Column(0)).GetValue(0), Is.EqualTo(cnt));
        foreach ((Item item, int i) in items.Select((item, i) => (item, i)))
        {
            Assert.That(
                Values(batch.Column(i + 1), item.Descriptor).ToJsonString(),
                Is.EqualTo(EveryKind.Values(item).ToJsonString()),
                $"{item}");
        }
    }

    /// <summary>The elements, flat.</summary>
    public static JsonArray Values(IArrowArray column, ItemDescriptor descriptor)
    {
        // Texts are compared as bytes.
        if (descriptor.IsText)
        {
            return [.. ((StringArray)column).GetBytes(0).ToArray().Select(b => Convert.ToHexStringLower([b]))];
        }

        return [.. Elements(column, descriptor.Type, descriptor.Shape.Rank)];
    }

    private static IEnumerable<JsonNode?> Elements(IArrowArray array, ItemType type, int rank)
    {
        for (int i = 0; i < rank; i++)
        {
            array = array is FixedSizeListArray list ? list.Values : ((ListArray)array).Values;
        }

        return Enumerable.Range(0, array.Length).Select(i => Element(array, i, type));
    }

    private static JsonNode? Element(IArrowArray array, int i, ItemType type) => array switch
    {
        StructArray record => new JsonArray([.. record.Fields.Zip(type.Fields).Select(pair => Field(pair.First, i, pair.Second))]),
        FixedSizeListArray complex => new JsonArray(
            Element(complex.Values, 2 * i, type), Element(complex.Values, (2 * i) + 1, type)),
        BooleanArray flags => flags.GetValue(i)!.Value,
        StringArray texts => texts.GetString(i),
        UInt8Array numbers => numbers.GetValue(i)!.Value,
        UInt16Array numbers => numbers.GetValue(i)!.Value,
        UInt32Array numbers => numbers.GetValue(i)!.Value,
        UInt64Array numbers => numbers.GetValue(i)!.Value,
        Int8Array numbers => numbers.GetValue(i)!.Value,
        Int16Array numbers => numbers.GetValue(i)!.Value,
        Int32Array numbers => numbers.GetValue(i)!.Value,
        Int64Array numbers => numbers.GetValue(i)!.Value,
        TimestampArray times => times.GetValue(i)!.Value,
        DurationArray lengths => lengths.GetValue(i)!.Value,
        HalfFloatArray numbers => EveryKind.Hex((double)numbers.GetValue(i)!.Value),
        FloatArray numbers => EveryKind.Hex(numbers.GetValue(i)!.Value),
        DoubleArray numbers => EveryKind.Hex(numbers.GetValue(i)!.Value),
        Apache.Arrow.Arrays.FixedSizeBinaryArray bytes => Binary(bytes.GetBytes(i), type),
        _ => throw new NotSupportedException($"{array.Data.DataType}"),
    };

    private static JsonNode? Field(IArrowArray array, int i, ItemField field)
    {
        if (field.Shape.Rank == 0)
        {
            return Element(array, i, field.Type);
        }

        IArrowArray elements = ((FixedSizeListArray)array).Values;
        int count = elements.Length / array.Length;
        return new JsonArray([.. Enumerable.Range(i * count, count).Select(element => Element(elements, element, field.Type))]);
    }

    // Numbers of 80 bits are compared as the numbers that they are read as.
    private static JsonNode? Binary(ReadOnlySpan<byte> bytes, ItemType type)
    {
        if (type.Kind is not (ItemKind.FloatingPoint or ItemKind.Complex))
        {
            ReadOnlySpan<byte> shown = type.Kind == ItemKind.Bytes ? bytes.TrimEnd((byte)0) : bytes;
            return Convert.ToHexStringLower(shown);
        }

        using ItemGroup items = [];
        Item item = items.Add(ItemDescriptor.FromNumPy(1, "x", "", ItemShape.Scalar, type));
        item.SetBytes(bytes.ToArray());
        return item.Value.ToObject() is Complex complex
            ? new JsonArray(EveryKind.Hex(complex.Real), EveryKind.Hex(complex.Imaginary))
            : EveryKind.Hex(item.ToScalar<double>());
    }
}
