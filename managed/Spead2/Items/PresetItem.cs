// SPDX-License-Identifier: MIT

using System.Collections.Immutable;

namespace Spead2;

/// <summary>An item of a <see cref="StreamPreset"/>.</summary>
public sealed class PresetItem
{
    // How an element is sent: a format, or a type of NumPy.
    private readonly ImmutableArray<FormatField> _format;
    private readonly string? _numPyType;

    private PresetItem(
        long id,
        string name,
        string description,
        ImmutableArray<FormatField> format,
        string? numPyType,
        ImmutableArray<(string Name, int Length)> axes)
    {
        Id = id;
        Name = name;
        Description = description;
        Axes = axes;
        _format = format;
        _numPyType = numPyType;
        Descriptor = Describe();
    }

    /// <summary>Identifier.</summary>
    public long Id { get; }

    /// <summary>Name.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public string Description { get; }

    /// <summary>
    /// Names and lengths of the axes, slowest first; <see cref="ItemShape.Variable"/> for what the preset does not say.
    /// </summary>
    public ImmutableArray<(string Name, int Length)> Axes { get; }

    /// <summary>
    /// The item as a group has it. Axes side by side whose lengths are not known are one dimension, because the bytes
    /// of a heap give only one length; the axes are in the description.
    /// </summary>
    public ItemDescriptor Descriptor { get; }

    internal static PresetItem OfFormat(
        long id, string name, string description, FormatField field, params (string Name, int Length)[] axes) =>
        new(id, name, description, [field], numPyType: null, [.. axes]);

    internal static PresetItem OfNumPy(long id, string name, string description, string type) =>
        new(id, name, description, [], type, []);

    /// <summary>This item with a length for an axis; itself if it has no such axis.</summary>
    internal PresetItem With(string axis, int length) => Axes.All(own => own.Name != axis)
        ? this
        : new(
            Id, Name, Description, _format, _numPyType,
            [.. Axes.Select(own => own.Name == axis ? (axis, length) : own)]);

    private ItemDescriptor Describe()
    {
        List<int> lengths = [];
        List<string> names = [];
        foreach ((string name, int length) in Axes)
        {
            if (length == ItemShape.Variable && lengths is [.., ItemShape.Variable])
            {
                names[^1] += $" x {name}";
            }
            else
            {
                lengths.Add(length);
                names.Add(name);
            }
        }

        string description = names.Count == 0 ? Description : $"{Description}; axes: {string.Join(", ", names)}";
        ItemShape shape = new(lengths.ToArray());
        return _numPyType is null
            ? ItemDescriptor.FromFormat(Id, Name, description, shape, _format.AsSpan())
            : ItemDescriptor.FromNumPy(Id, Name, description, shape, ItemType.FromNumPy(_numPyType));
    }
}
