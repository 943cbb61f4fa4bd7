// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spead2.Items.Values;

/// <summary>The numbers and booleans that a struct consists of, and where they are in it.</summary>
internal static class StructLeaves
{
    /// <summary>Members of a struct that are looked at.</summary>
    public const DynamicallyAccessedMemberTypes Members =
        DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields;

    // The runtime's rule where a struct does not say.
    private const int DefaultPack = 8;

    private static readonly Dictionary<Type, (int Size, int Alignment)> Simple = new()
    {
        [typeof(byte)] = (sizeof(byte), sizeof(byte)),
        [typeof(sbyte)] = (sizeof(sbyte), sizeof(sbyte)),
        [typeof(bool)] = (sizeof(bool), sizeof(bool)),
        [typeof(ushort)] = (sizeof(ushort), sizeof(ushort)),
        [typeof(short)] = (sizeof(short), sizeof(short)),
        [typeof(Half)] = (Unsafe.SizeOf<Half>(), Unsafe.SizeOf<Half>()),
        [typeof(uint)] = (sizeof(uint), sizeof(uint)),
        [typeof(int)] = (sizeof(int), sizeof(int)),
        [typeof(float)] = (sizeof(float), sizeof(float)),
        [typeof(ulong)] = (sizeof(ulong), sizeof(ulong)),
        [typeof(long)] = (sizeof(long), sizeof(long)),
        [typeof(double)] = (sizeof(double), sizeof(double)),
        [typeof(ComplexSingle)] = (Unsafe.SizeOf<ComplexSingle>(), sizeof(float)),
        [typeof(Complex)] = (Unsafe.SizeOf<Complex>(), sizeof(double)),
    };

    /// <summary>Finds the leaves of a struct, in the order of its fields.</summary>
    /// <returns>False if the struct has fields of other kinds, too many, or a layout of the runtime's choice.</returns>
    public static bool TryFind(
        [DynamicallyAccessedMembers(Members)] Type type, List<(int Offset, Type Type)> leaves, int mostLeaves) =>
        Add(type, 0, leaves, mostLeaves) is not null;

    // Returns size and alignment; null if the type is not supported.
    [UnconditionalSuppressMessage(
        "Trimming", "IL2072", Justification = "Fields of a struct with a fixed layout are not removed.")]
    private static (int Size, int Alignment)? Add(
        [DynamicallyAccessedMembers(Members)] Type type,
        int offset,
        List<(int Offset, Type Type)> leaves,
        int mostLeaves)
    {
        if (Simple.TryGetValue(type, out (int Size, int Alignment) simple))
        {
            leaves.Add((offset, type));
            return leaves.Count <= mostLeaves ? simple : null;
        }

        if (!type.IsValueType || type.IsEnum || type.IsPrimitive || type.IsAutoLayout)
        {
            return null;
        }

        StructLayoutAttribute layout = type.StructLayoutAttribute!;
        int pack = layout.Pack == 0 ? DefaultPack : layout.Pack;
        int repeats = type.GetCustomAttribute<InlineArrayAttribute>()?.Length ?? 1;
        int end = 0;
        int alignment = 1;
        const BindingFlags all = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        foreach (FieldInfo field in type.GetFields(all))
        {
            for (int i = 0; i < repeats; i++)
            {
                int first = leaves.Count;
                if (Add(field.FieldType, 0, leaves, mostLeaves) is not (int size, int natural))
                {
                    return null;
                }

                int aligned = Math.Min(natural, pack);
                int at = field.GetCustomAttribute<FieldOffsetAttribute>()?.Value ?? Align(end, aligned);
                for (int leaf = first; leaf < leaves.Count; leaf++)
                {
                    leaves[leaf] = (offset + at + leaves[leaf].Offset, leaves[leaf].Type);
                }

                end = Math.Max(end, at + size);
                alignment = Math.Max(alignment, aligned);
            }
        }

        return (Math.Max(Align(end, alignment), layout.Size), alignment);
    }

    private static int Align(int offset, int alignment) => (offset + alignment - 1) / alignment * alignment;
}
