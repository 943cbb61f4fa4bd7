// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using Spead2.Items.Codecs;
using Spead2.Items.Descriptors;
using Spead2.Items.Values;

namespace Spead2;

/// <summary>What each element of an item is, and how its bits lie in a heap.</summary>
public sealed class ItemType : IEquatable<ItemType>
{
    private const int BitsPerByte = 8;

    // Before a format that NumPy has no type for, so that nobody takes u8, of 8 bits, for u8, of 8 bytes.
    private const string BitFormat = "bits:";

    private readonly string _text;

    // The last one asked for.
    private RecordLayout? _layout;

    private ItemType(ItemKind kind, int bitWidth, bool isLittleEndian, string text, ImmutableArray<ItemField> fields)
    {
        Kind = kind;
        BitWidth = bitWidth;
        IsLittleEndian = isLittleEndian;
        Fields = fields;
        _text = text;
        (Native, NativeSize, NativeType) = FindNative(kind, bitWidth);
        SwapSize = kind is ItemKind.Complex ? NativeSize / 2 : NativeSize;
    }

    /// <summary>Kind of an element.</summary>
    public ItemKind Kind { get; }

    /// <summary>Bits of an element in a heap.</summary>
    public int BitWidth { get; }

    /// <summary>
    /// Whether the least significant byte comes first. False for what has no byte order, and for formats.
    /// </summary>
    public bool IsLittleEndian { get; }

    /// <summary>Fields of a record; empty for other kinds.</summary>
    public ImmutableArray<ItemField> Fields { get; }

    /// <summary>
    /// The .NET type that an element is read as: the smallest that holds it. A byte for a character,
    /// <see cref="BigInteger"/> for more than 64 bits, <see cref="ItemRecord"/> for a record, a byte array for what has
    /// no elements. For times <see cref="long"/>, a number of <see cref="TimeUnit"/>.
    /// </summary>
    public Type NativeType { get; }

    /// <summary>
    /// Unit of <see cref="ItemKind.DateTime"/> and <see cref="ItemKind.TimeSpan"/> as NumPy writes it: <c>Y</c>,
    /// <c>M</c>, <c>W</c>, <c>D</c>, <c>h</c>, <c>m</c>, <c>s</c>, <c>ms</c>, <c>us</c>, <c>ns</c>, <c>ps</c>,
    /// <c>fs</c>, <c>as</c>, or a multiple of one such as <c>25s</c>. Empty if the sender leaves it open, and for other kinds.
    /// </summary>
    public string TimeUnit { get; private init; } = "";

    /// <summary>Why the type is unknown; null for every other kind.</summary>
    public string? Fault { get; private init; }

    /// <summary>Code of <see cref="NativeType"/>.</summary>
    internal NativeCode Native { get; }

    /// <summary>Bytes of <see cref="NativeType"/>; 0 if elements of this type cannot be in a span.</summary>
    internal int NativeSize { get; }

    /// <summary>Bytes that change places when the byte order changes.</summary>
    internal int SwapSize { get; }

    /// <summary>Whether the numbers are x86's of 80 bits, which .NET has no type for.</summary>
    internal bool IsExtended =>
        (Kind == ItemKind.FloatingPoint && BitWidth == ExtendedCodec.Size * BitsPerByte)
        || (Kind == ItemKind.Complex && BitWidth == 2 * ExtendedCodec.Size * BitsPerByte);

    /// <summary>Whether the elements are times or lengths of time.</summary>
    internal bool IsTime => Kind is ItemKind.DateTime or ItemKind.TimeSpan;

    /// <summary>
    /// Whether an element takes as many bits as its .NET type, so that only the byte order may differ.
    /// </summary>
    internal bool IsWhole => NativeSize != 0 && BitWidth == NativeSize * BitsPerByte;

    /// <summary>Whether the elements are in a heap as they are in memory.</summary>
    internal bool IsNativeLayout =>
        IsWhole && Kind != ItemKind.Boolean && (SwapSize == 1 || IsLittleEndian == BitConverter.IsLittleEndian);

    /// <summary>Reads a type as NumPy writes it.</summary>
    /// <param name="descr">
    /// <c>&lt;u2</c>, <c>&gt;f4</c>, <c>|S5</c>, <c>&lt;c16</c>, <c>|b1</c>, <c>float32</c>, … or a list of fields:
    /// <c>[('a', '&lt;u2'), ('b', '&gt;f4', (3,))]</c>.
    /// </param>
    /// <exception cref="ArgumentException">The text is no such type.</exception>
    public static ItemType FromNumPy(string descr)
    {
        ArgumentNullException.ThrowIfNull(descr);
        try
        {
            return NumPyType.Parse(descr);
        }
        catch (HeapFormatException exception)
        {
            throw new ArgumentException(exception.Message, nameof(descr), exception);
        }
    }

    /// <inheritdoc/>
    public bool Equals(ItemType? other) =>
        other is not null
        && _text == other._text
        && Kind == other.Kind
        && Fields.Length == other.Fields.Length
        && Fields.Zip(other.Fields).All(pair => pair.First.Type.Equals(pair.Second.Type));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ItemType);

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>
    /// The type as NumPy writes it: <c>&gt;u2</c>, <c>[('f0', '&gt;u2'), ('f1', '|u1')]</c>. A format with other fields
    /// than NumPy has is <c>bits:</c> and its fields with their bits: <c>bits:u12</c>, <c>bits:b1,i7</c>.
    /// </summary>
    public override string ToString() => _text;

    /// <summary>Number of the field with this name, or -1.</summary>
    internal int IndexOf(string fieldName)
    {
        for (int i = 0; i < Fields.Length; i++)
        {
            if (Fields[i].Name == fieldName)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>How records of this type become structs.</summary>
    internal RecordLayout LayoutOf<[DynamicallyAccessedMembers(StructLeaves.Members)] T>()
        where T : unmanaged
    {
        RecordLayout? layout = _layout;
        if (layout?.StructType != typeof(T))
        {
            _layout = layout = RecordLayout.Compare<T>(this);
        }

        return layout;
    }

    /// <summary>Makes the type of elements with this format.</summary>
    /// <exception cref="HeapFormatException">There is no field, or an element has too many bits.</exception>
    internal static ItemType FromFormat(ReadOnlySpan<FormatField> format)
    {
        if (format.IsEmpty)
        {
            throw new HeapFormatException("The descriptor has neither a format nor a NumPy header.");
        }

        ImmutableArray<ItemField>.Builder fields = ImmutableArray.CreateBuilder<ItemField>(format.Length);
        long offset = 0;
        foreach (FormatField field in format)
        {
            ItemType type = new(
                KindOf(field.Code), field.Bits, isLittleEndian: false, field.NumPyText ?? $"{BitFormat}{field}", []);
            fields.Add(new($"f{fields.Count}", type, ItemShape.Scalar, (int)offset));
            offset += field.Bits;
            if (offset > int.MaxValue)
            {
                throw new HeapFormatException(
                    $"Fields 0 to {fields.Count - 1} of the format have {offset} bits; at most {int.MaxValue} are "
                    + "supported.");
            }
        }

        if (fields.Count == 1)
        {
            return fields[0].Type;
        }

        ImmutableArray<ItemField> all = fields.MoveToImmutable();
        bool isNumPy = all.All(field => !field.Type._text.StartsWith(BitFormat, StringComparison.Ordinal));
        return Record(
            all,
            (int)offset,
            isNumPy ? NumPyType.Write(all, (int)offset) : $"{BitFormat}{string.Join(',', format.ToArray())}");
    }

    internal static ItemType Simple(ItemKind kind, int bitWidth, bool isLittleEndian, string text) =>
        new(kind, bitWidth, isLittleEndian, text, []);

    internal static ItemType Time(ItemKind kind, string unit, bool isLittleEndian, string text) =>
        new(kind, sizeof(long) * BitsPerByte, isLittleEndian, text, []) { TimeUnit = unit };

    /// <summary>The type of an item whose descriptor cannot be interpreted.</summary>
    internal static ItemType Unknown(string fault) =>
        new(ItemKind.Unknown, bitWidth: 0, isLittleEndian: false, "unknown", []) { Fault = fault };

    internal static ItemType Record(ImmutableArray<ItemField> fields, int bitWidth, string text) =>
        new(ItemKind.Record, bitWidth, isLittleEndian: false, text, fields);

    private static ItemKind KindOf(char code) => code switch
    {
        'u' => ItemKind.UnsignedInteger,
        'i' => ItemKind.SignedInteger,
        'f' => ItemKind.FloatingPoint,
        'b' => ItemKind.Boolean,
        _ => ItemKind.Character,
    };

    private static (NativeCode Code, int Size, Type Type) FindNative(ItemKind kind, int bits) => kind switch
    {
        ItemKind.UnsignedInteger => bits switch
        {
            <= 8 => (NativeCode.Byte, sizeof(byte), typeof(byte)),
            <= 16 => (NativeCode.UInt16, sizeof(ushort), typeof(ushort)),
            <= 32 => (NativeCode.UInt32, sizeof(uint), typeof(uint)),
            <= 64 => (NativeCode.UInt64, sizeof(ulong), typeof(ulong)),
            _ => (NativeCode.BigInteger, 0, typeof(BigInteger)),
        },
        ItemKind.SignedInteger => bits switch
        {
            <= 8 => (NativeCode.SByte, sizeof(sbyte), typeof(sbyte)),
            <= 16 => (NativeCode.Int16, sizeof(short), typeof(short)),
            <= 32 => (NativeCode.Int32, sizeof(int), typeof(int)),
            <= 64 => (NativeCode.Int64, sizeof(long), typeof(long)),
            _ => (NativeCode.BigInteger, 0, typeof(BigInteger)),
        },
        ItemKind.FloatingPoint => bits switch
        {
            16 => (NativeCode.Half, bits / BitsPerByte, typeof(Half)),
            32 => (NativeCode.Single, sizeof(float), typeof(float)),
            _ => (NativeCode.Double, sizeof(double), typeof(double)),
        },
        ItemKind.Complex => bits == 64
            ? (NativeCode.ComplexSingle, bits / BitsPerByte, typeof(ComplexSingle))
            : (NativeCode.Complex, 2 * sizeof(double), typeof(Complex)),
        ItemKind.DateTime or ItemKind.TimeSpan => (NativeCode.Time, sizeof(long), typeof(long)),
        ItemKind.Boolean => (NativeCode.Boolean, sizeof(bool), typeof(bool)),
        ItemKind.Character => (NativeCode.Character, sizeof(byte), typeof(byte)),
        ItemKind.Bytes => (NativeCode.Bytes, 0, typeof(byte[])),
        ItemKind.Text => (NativeCode.Text, 0, typeof(string)),
        ItemKind.Raw => (NativeCode.Raw, 0, typeof(byte[])),
        ItemKind.Unknown => (NativeCode.Unknown, 0, typeof(byte[])),
        _ => (NativeCode.Record, 0, typeof(ItemRecord)),
    };
}
