// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Globalization;
using Spead2.Items.Descriptors;

namespace Spead2.Formats;

/// <summary>The types that files have for those of items: elements of whole bytes, which NumPy knows.</summary>
internal static class StoredType
{
    private const int BitsPerByte = 8;
    private const int BytesPerCodePoint = 4;

    /// <summary>
    /// The type for a file. An integer that fills no whole bytes becomes the smallest that holds it, one of more than 64 bits
    /// opaque bytes, most significant first; a boolean one byte of 0 or 1; what has no known type bytes.
    /// </summary>
    /// <param name="type">Type of the item.</param>
    /// <param name="isNative">
    /// Whether all numbers have the byte order of this machine, but those of 80 bits. Otherwise what can be is left as it was
    /// sent.
    /// </param>
    public static ItemType Of(ItemType type, bool isNative) =>
        !isNative && IsStoredAsSent(type) ? type : Converted(type, isNative);

    /// <summary>Whether bytes of a type are already what is stored of them.</summary>
    public static bool IsSame(ItemType type, ItemType stored) => stored.Equals(type) && !HasBooleans(type);

    /// <summary>Bytes of an element of a stored type.</summary>
    public static int SizeOf(ItemType stored) => stored.BitWidth / BitsPerByte;

    /// <summary>The record that is stored of a heap: its cnt, and for each item the number of the row with its value, or -1.</summary>
    public static ItemType OfIndex(IEnumerable<string> names) => Record(
        names.Select(name => (name, Number('i', sizeof(long)), ItemShape.Scalar))
            .Prepend((FieldNames.HeapCnt, Number('u', sizeof(ulong)), ItemShape.Scalar)));

    // Any byte but 0 is true in a heap; readers of files take 0 and 1 only.
    private static bool IsStoredAsSent(ItemType type) =>
        type.Kind != ItemKind.Unknown
        && !type.ToString().StartsWith("bits:", StringComparison.Ordinal)
        && !HasBooleans(type);

    private static bool HasBooleans(ItemType type) =>
        type.Kind == ItemKind.Boolean || type.Fields.Any(field => HasBooleans(field.Type));

    private static ItemType Converted(ItemType type, bool isNative) => type.Kind switch
    {
        ItemKind.Record => Record(type.Fields.Select(field => (field.Name, Of(field.Type, isNative), field.Shape))),
        ItemKind.Boolean => ItemType.FromNumPy("|b1"),
        ItemKind.Unknown => ItemType.FromNumPy("|u1"),
        ItemKind.UnsignedInteger or ItemKind.SignedInteger when type.NativeSize == 0 =>
            NumPyTypeText.Raw((type.BitWidth + BitsPerByte - 1) / BitsPerByte * BitsPerByte),
        ItemKind.UnsignedInteger => Number('u', type.NativeSize),
        ItemKind.SignedInteger => Number('i', type.NativeSize),
        ItemKind.FloatingPoint or ItemKind.Complex when type.IsExtended => type,
        ItemKind.FloatingPoint => Number('f', type.NativeSize),
        ItemKind.Complex => Number('c', type.NativeSize),
        ItemKind.DateTime => Time('M', type.TimeUnit),
        ItemKind.TimeSpan => Time('m', type.TimeUnit),
        ItemKind.Text => Number('U', SizeOf(type) / BytesPerCodePoint),
        ItemKind.Character => ItemType.FromNumPy("|S1"),
        _ => type,
    };

    private static ItemType Record(IEnumerable<(string Name, ItemType Type, ItemShape Shape)> fields)
    {
        ImmutableArray<ItemField>.Builder all = ImmutableArray.CreateBuilder<ItemField>();
        int offset = 0;
        foreach ((string name, ItemType type, ItemShape shape) in fields)
        {
            all.Add(new(name, type, shape, offset));
            offset = checked(offset + all[^1].BitWidth);
        }

        ImmutableArray<ItemField> record = all.DrainToImmutable();
        return ItemType.Record(record, offset, NumPyType.Write(record, offset));
    }

    private static ItemType Number(char letter, int size) =>
        ItemType.FromNumPy(string.Create(CultureInfo.InvariantCulture, $"{NativeOrder}{letter}{size}"));

    private static ItemType Time(char letter, string unit) =>
        ItemType.FromNumPy($"{NativeOrder}{letter}8{(unit.Length == 0 ? "" : $"[{unit}]")}");

    private static char NativeOrder => BitConverter.IsLittleEndian ? '<' : '>';
}
