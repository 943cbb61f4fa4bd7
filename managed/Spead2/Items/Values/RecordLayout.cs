// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Spead2.Items.Values;

/// <summary>How the bytes of a record become those of a struct: what must change in addition to copying them.</summary>
internal sealed class RecordLayout
{
    private const int BitsPerByte = 8;

    // More leaves than a struct is ever written with.
    private const int MaxLeaves = 4096;

    private readonly List<(int Offset, ItemType Type)> _changes = [];
    private readonly int _size;

    private RecordLayout(Type structType, ItemType record, string? fault)
    {
        StructType = structType;
        Fault = fault;
        _size = record.BitWidth / BitsPerByte;
    }

    /// <summary>The struct.</summary>
    public Type StructType { get; }

    /// <summary>Why the struct does not have the layout of the record; null if it has.</summary>
    public string? Fault { get; }

    /// <summary>Whether the bytes of records are those of structs.</summary>
    public bool IsSame => _changes.Count == 0;

    /// <summary>Compares a struct with a record.</summary>
    public static RecordLayout Compare<[DynamicallyAccessedMembers(StructLeaves.Members)] T>(ItemType record)
        where T : unmanaged
    {
        List<(int Offset, Type Type)> there = [];
        List<(int Offset, ItemType Type)> here = [];
        string? fault = record.BitWidth != Unsafe.SizeOf<T>() * BitsPerByte
            ? $"it has {Unsafe.SizeOf<T>()} bytes, and the record {record.BitWidth} bits"
            : !StructLeaves.TryFind(typeof(T), there, MaxLeaves) || !TryFindLeaves(record, 0, here)
            ? "they cannot be compared field by field"
            : FindDifference(here, there);
        RecordLayout layout = new(typeof(T), record, fault);
        layout._changes.AddRange(here.Where(leaf => NeedsChange(leaf.Type)));
        return layout;
    }

    /// <summary>
    /// Changes records that have been copied into structs, or structs that have been copied into records.
    /// </summary>
    public void Convert(Span<byte> records)
    {
        for (; !records.IsEmpty; records = records[_size..])
        {
            foreach ((int offset, ItemType type) in _changes)
            {
                Span<byte> leaf = records.Slice(offset, type.NativeSize);
                if (type.Kind == ItemKind.Boolean)
                {
                    leaf[0] = leaf[0] == 0 ? (byte)0 : (byte)1;
                }
                else
                {
                    Codecs.ByteOrderCodec.Copy(leaf, leaf, type.SwapSize, swap: true);
                }
            }
        }
    }

    private static bool NeedsChange(ItemType type) => type.NativeSize != 0 && !type.IsNativeLayout;

    private static string? FindDifference(List<(int Offset, ItemType Type)> here, List<(int Offset, Type Type)> there)
    {
        for (int i = 0; i < Math.Min(here.Count, there.Count); i++)
        {
            Type expected = here[i].Type.NativeSize == 0 ? typeof(byte) : here[i].Type.NativeType;
            if (here[i].Offset != there[i].Offset || expected != there[i].Type)
            {
                return $"it has {there[i].Type.Name} at byte {there[i].Offset}, and the record {expected.Name} at byte "
                    + $"{here[i].Offset}";
            }
        }

        return here.Count == there.Count ? null : $"it has {there.Count} fields, and the record {here.Count}";
    }

    // Fields of numbers and booleans; each byte of fields that consist of bytes.
    private static bool TryFindLeaves(ItemType type, int bit, List<(int Offset, ItemType Type)> leaves)
    {
        if (type.Kind == ItemKind.Record)
        {
            foreach (ItemField field in type.Fields)
            {
                for (int i = 0; i < field.Shape.FixedCount; i++)
                {
                    if (!TryFindLeaves(field.Type, bit + field.BitOffset + (i * field.Type.BitWidth), leaves))
                    {
                        return false;
                    }
                }
            }

            return true;
        }

        bool isBytes = type.Kind is ItemKind.Bytes or ItemKind.Raw;
        int count = isBytes ? type.BitWidth / BitsPerByte : 1;
        if ((!isBytes && !type.IsWhole) || bit % BitsPerByte != 0 || leaves.Count + count > MaxLeaves)
        {
            return false;
        }

        for (int i = 0; i < count; i++)
        {
            leaves.Add(((bit / BitsPerByte) + i, type));
        }

        return true;
    }
}
