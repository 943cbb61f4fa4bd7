// SPDX-License-Identifier: MIT

using System.Collections;

namespace Spead2.Tools.Items;

/// <summary>
/// The items that `spead2 send --items` sends and `spead2 recv --items --verify` expects: one of each important type,
/// with values that follow from the heap cnt c and the index i of an element (in C order) alone.
/// </summary>
internal static class ItemContent
{
    /// <summary>The least heap address bits that have room for a heap with all items.</summary>
    public const int LeastAddressBits = 16;

    private const int SpectrumLength = 64;
    private const int SampleRows = 4;
    private const int SampleColumns = 16;
    private const int AdcLength = 100;
    private const int AdcBits = 12;
    private const int GainLength = 8;
    private const int FlagLength = 37;

    /// <summary>The items.</summary>
    public static IReadOnlyList<ContentItem> All { get; } =
    [
        new(
            Numpy(0, "spectrum", "c + i / 4", "<f4", SpectrumLength),
            cnt => Array<float>(SpectrumLength, i => (cnt % 1000) + (i / 4f))),
        new(
            Numpy(1, "samples", "7 c + 3 i, modulo 2^16", ">i2", SampleRows, SampleColumns),
            cnt => Array(SampleRows * SampleColumns, i => unchecked((short)((7 * (long)cnt) + (3 * i))))),
        new(
            Format(2, "adc", "c + 41 i, modulo 2^12", new ItemShape(AdcLength), new FormatField('u', AdcBits)),
            cnt => Array(AdcLength, i => (ushort)((cnt + (ulong)(41 * i)) % (1 << AdcBits)))),
        new(
            Numpy(3, "gains", "i - (c modulo 1000) j", "<c8", GainLength),
            cnt => Array(GainLength, i => new ComplexSingle(i, -(float)(cnt % 1000)))),
        new(
            Format(4, "flags", "whether 3 divides c + i", new ItemShape(FlagLength), new FormatField('b', 1)),
            cnt => Array(FlagLength, i => (cnt + (ulong)i) % 3 == 0)),
        new(
            Format(5, "label", "'heap c'", ItemShape.Vector, new FormatField('c', 8)),
            cnt => $"heap {cnt}"),
        new(
            Numpy(6, "target", "(c / 2, -c, c modulo 2^16)", "[('ra', '<f8'), ('dec', '<f8'), ('priority', '<u2')]"),
            cnt => new object[] { cnt / 2d, -(double)cnt, (ushort)cnt }),
        new(
            Format(7, "count", "c modulo 2^16", ItemShape.Scalar, new FormatField('u', 16)),
            cnt => (ushort)cnt),
    ];

    /// <summary>Whether the items are those of a heap, each with its value.</summary>
    public static bool IsRight(IReadOnlyList<Item> items, ulong cnt)
    {
        if (items.Count != All.Count)
        {
            return false;
        }

        // Values of other types and of other lengths may take any amount of memory.
        Dictionary<string, Item> byName = items.ToDictionary(item => item.Name);
        return All.All(expected =>
            byName.TryGetValue(expected.Descriptor.Name, out Item? item)
            && item.Descriptor.Equals(expected.Descriptor)
            && IsEqual(item, expected.Value(cnt)));
    }

    private static bool IsEqual(Item item, object expected) =>
        (expected is not string text || item.Count == text.Length)
        && IsEqual(item.Value.ToObject()!, expected);

    private static bool IsEqual(object value, object expected) =>
        value is IEnumerable elements and not string && expected is Array array
            ? elements.Cast<object>().SequenceEqual(array.Cast<object>())
            : value.Equals(expected);

    private static T[] Array<T>(int length, Func<int, T> element) => [.. Enumerable.Range(0, length).Select(element)];

    private static ItemDescriptor Numpy(
        int index, string name, string description, string type, params ReadOnlySpan<int> shape) =>
        ItemDescriptor.FromNumPy(
            HeapContent.DataId + index, name, description, new ItemShape(shape), ItemType.FromNumPy(type));

    private static ItemDescriptor Format(
        int index, string name, string description, ItemShape shape, FormatField field) =>
        ItemDescriptor.FromFormat(HeapContent.DataId + index, name, description, shape, field);
}
