// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using Spead2.Items.Descriptors;

namespace Spead2;

/// <summary>
/// What is known of an item before it has a value: its identifier, its name, and the type and shape of its values
/// (SPEAD document: item descriptors). It never changes.
/// </summary>
public sealed class ItemDescriptor : IEquatable<ItemDescriptor>
{
    /// <summary>Default of <see cref="ItemGroup.MaxNameLength"/>.</summary>
    public const int DefaultMaxNameLength = 1024;

    /// <summary>Default of <see cref="ItemGroup.MaxTextLength"/>.</summary>
    public const int DefaultMaxTextLength = 65536;

    // Texts of more bytes do not fit in a descriptor that receivers take.
    private const int MostEncodedText = 1 << 20;

    // What was sent, of a descriptor that was received.
    private readonly SentDescriptor? _sent;

    private ItemDescriptor(
        long id,
        string name,
        string description,
        ItemShape shape,
        ItemType type,
        ImmutableArray<FormatField> format,
        bool isFortranOrder,
        SentDescriptor? sent = null)
    {
        Id = id;
        Name = name;
        Description = description;
        Shape = shape;
        Type = type;
        Format = format;
        IsFortranOrder = isFortranOrder;
        _sent = sent;
    }

    /// <summary>Identifier of the item.</summary>
    public long Id { get; }

    /// <summary>
    /// Name of the item. If the type is unknown, and the sender gave no name that can be used or another item of the group has
    /// it, the identifier in the form <c>0x1234</c>, or nothing if another item has that name, too.
    /// </summary>
    public string Name { get; }

    /// <summary>What the item is.</summary>
    public string Description { get; }

    /// <summary>
    /// How name, description and NumPy header were sent: the encoding of these that is farthest from ASCII.
    /// </summary>
    public TextEncoding TextEncoding => _sent?.TextEncoding ?? TextEncoding.Ascii;

    /// <summary>Shape of the values; a dimension may be variable.</summary>
    public ItemShape Shape { get; }

    /// <summary>Type of the elements.</summary>
    public ItemType Type { get; }

    /// <summary>Fields of the format; empty if the type is unknown, or comes from a NumPy header.</summary>
    public ImmutableArray<FormatField> Format { get; }

    /// <summary>Whether type and shape come from a NumPy header.</summary>
    public bool IsNumPy => Format.IsEmpty && !IsUnknown;

    /// <summary>
    /// Whether the first dimension is the fastest in memory (NumPy's Fortran order). Otherwise the last one is.
    /// </summary>
    public bool IsFortranOrder { get; }

    /// <summary>Whether a value is a text: a vector with exactly the format <c>c8</c>.</summary>
    public bool IsText => Shape.Rank == 1 && Type.Kind == ItemKind.Character;

    /// <summary>Whether the type is unknown.</summary>
    internal bool IsUnknown => Type.Kind == ItemKind.Unknown;

    /// <summary>
    /// Whether a value may be sent in the item pointer: its size does not vary, and elements are whole bytes.
    /// </summary>
    internal bool AllowImmediate => !Shape.IsVariable && Type.BitWidth % 8 == 0;

    /// <summary>Describes an item with a format.</summary>
    /// <param name="id">Identifier, greater than 0.</param>
    /// <param name="name">Name, ASCII.</param>
    /// <param name="description">What the item is, ASCII.</param>
    /// <param name="shape">Shape of the values.</param>
    /// <param name="format">Fields of an element; several make a record with the names f0, f1, ….</param>
    /// <exception cref="ArgumentException">A value breaks its rule.</exception>
    public static ItemDescriptor FromFormat(
        long id, string name, string description, ItemShape shape, params ReadOnlySpan<FormatField> format)
    {
        CheckArguments(id, name, description, shape);
        foreach (FormatField field in format)
        {
            ArgumentOutOfRangeException.ThrowIfZero(field.Bits, nameof(format));
        }

        try
        {
            return new(id, name, description, shape, ItemType.FromFormat(format), [.. format], isFortranOrder: false);
        }
        catch (HeapFormatException exception)
        {
            throw new ArgumentException(exception.Message, nameof(format), exception);
        }
    }

    /// <summary>Describes an item with a NumPy header.</summary>
    /// <param name="id">Identifier, greater than 0.</param>
    /// <param name="name">Name, ASCII.</param>
    /// <param name="description">What the item is, ASCII.</param>
    /// <param name="shape">Shape of the values, without a variable dimension.</param>
    /// <param name="type">A type that NumPy has, as from <see cref="ItemType.FromNumPy"/>.</param>
    /// <param name="isFortranOrder">Whether the first dimension is the fastest.</param>
    /// <exception cref="ArgumentException">A value breaks its rule.</exception>
    public static ItemDescriptor FromNumPy(
        long id, string name, string description, ItemShape shape, ItemType type, bool isFortranOrder = false)
    {
        CheckArguments(id, name, description, shape);
        ArgumentNullException.ThrowIfNull(type);
        if (shape.IsVariable)
        {
            throw new ArgumentException($"A NumPy header cannot have a variable dimension: {shape}.", nameof(shape));
        }

        // The type of a format may have the same name, but not all that belongs to one of NumPy.
        return new(id, name, description, shape, ItemType.FromNumPy(type.ToString()), [], isFortranOrder);
    }

    /// <inheritdoc/>
    public bool Equals(ItemDescriptor? other) =>
        other is not null
        && Id == other.Id
        && IsFortranOrder == other.IsFortranOrder
        && IsNumPy == other.IsNumPy
        && Name == other.Name
        && Description == other.Description
        && Shape.Equals(other.Shape)
        && Type.Equals(other.Type)
        && (!IsUnknown || (_sent is not null && other._sent is not null && _sent.IsSame(other._sent)));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ItemDescriptor);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Name, Shape, Type);

    /// <summary>Identifier, name, type and shape.</summary>
    public override string ToString() => $"0x{Id:x} '{Name}': {Type} {Shape}";

    /// <summary>Encodes the descriptor as a SPEAD packet: what a DESCRIPTOR item consists of.</summary>
    /// <param name="flavour">Flavour of the packet, with the bugs to be compatible with.</param>
    /// <exception cref="ArgumentException">The descriptor does not fit the flavour.</exception>
    /// <exception cref="InvalidOperationException">The type is unknown.</exception>
    public byte[] Encode(Flavour flavour) => IsUnknown
        ? throw new InvalidOperationException($"Item 0x{Id:x} '{Name}' cannot be sent: its type is unknown.")
        : DescriptorWriter.Write(this, flavour);

    /// <summary>Makes a descriptor of what was in a heap.</summary>
    /// <exception cref="HeapFormatException">It breaks a rule.</exception>
    internal static ItemDescriptor FromHeap(SentDescriptor sent, int maxNameLength, int maxTextLength)
    {
        if (sent.Fault is not null)
        {
            throw new HeapFormatException(sent.Fault);
        }

        CheckLength(sent.Name, "name", maxNameLength);
        CheckLength(sent.Description, "description", maxTextLength);
        CheckLength(sent.NumPyHeader, "NumPy header", maxTextLength);
        if (sent.NumPyHeader.Length > 0)
        {
            NumPyHeader header = NumPyHeader.Parse(sent.NumPyHeader, (sent.BugCompat & BugCompat.SwapEndian) != 0);
            return new(
                sent.Id, sent.Name, sent.Description, header.Shape, header.Type, [], header.IsFortranOrder, sent);
        }

        FormatField[] format = Array.ConvertAll(sent.Format, field => FormatField.FromHeap(field.Code, field.Bits));
        ItemShape shape = ItemShape.FromHeap(sent.Shape);
        return new(
            sent.Id, sent.Name, sent.Description, shape, ItemType.FromFormat(format), [.. format],
            isFortranOrder: false, sent);
    }

    /// <summary>Makes a descriptor of what was in a heap and cannot be interpreted.</summary>
    internal static ItemDescriptor Unknown(SentDescriptor sent, string name, string fault, int maxTextLength) =>
        new(
            sent.Id,
            name,
            sent.Description.Length > maxTextLength ? "" : sent.Description,
            ItemShape.Vector,
            ItemType.Unknown(fault),
            [],
            isFortranOrder: false,
            sent);

    /// <summary>Whether this is what the sent descriptor says, without a look at what it means.</summary>
    internal bool IsFrom(SentDescriptor sent) => _sent is not null && _sent.IsSame(sent);

    private static void CheckLength(string text, string what, int most)
    {
        if (text.Length > most)
        {
            throw new HeapFormatException(
                $"The {what} of the descriptor has {text.Length} characters; at most {most} are supported.");
        }
    }

    private static void CheckArguments(long id, string name, string description, ItemShape shape)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(id);
        ArgumentNullException.ThrowIfNull(shape);
        CheckText(name, nameof(name));
        CheckText(description, nameof(description));
    }

    private static void CheckText(string text, string parameter)
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        if (text.Length > MostEncodedText || !System.Text.Ascii.IsValid(text))
        {
            throw new ArgumentException(
                $"The {parameter} must be ASCII and have at most {MostEncodedText} characters.", parameter);
        }
    }
}
