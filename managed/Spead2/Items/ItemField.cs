// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>A field of a record.</summary>
public sealed class ItemField
{
    internal ItemField(string name, ItemType type, ItemShape shape, int bitOffset)
    {
        Name = name;
        Type = type;
        Shape = shape;
        BitOffset = bitOffset;
    }

    /// <summary>Name; fields of a format are named f0, f1, ….</summary>
    public string Name { get; }

    /// <summary>Type of the field, or of its elements.</summary>
    public ItemType Type { get; }

    /// <summary>Shape of a field that is an array itself, else that of a scalar.</summary>
    public ItemShape Shape { get; }

    /// <summary>Where it begins in the record.</summary>
    public int BitOffset { get; }

    /// <summary>Bits of the whole field.</summary>
    internal int BitWidth => Type.BitWidth * Shape.FixedCount;
}
