// SPDX-License-Identifier: MIT

namespace Spead2.Items.Descriptors;

/// <summary>The header of a NumPy array, which a descriptor may have in its place of format and shape.</summary>
/// <param name="Type">Type of an element.</param>
/// <param name="Shape">Shape, without a variable dimension.</param>
/// <param name="IsFortranOrder">Whether the first dimension is the fastest.</param>
internal readonly record struct NumPyHeader(ItemType Type, ItemShape Shape, bool IsFortranOrder)
{
    private const string Descr = "descr";
    private const string FortranOrder = "fortran_order";
    private const string ShapeKey = "shape";

    /// <summary>Reads a header.</summary>
    /// <param name="text">A Python dictionary with the three keys of a header.</param>
    /// <param name="swap">Whether the byte order is the other one than it says.</param>
    /// <exception cref="HeapFormatException">It breaks a rule.</exception>
    public static NumPyHeader Parse(ReadOnlySpan<char> text, bool swap)
    {
        PythonLiteral header = PythonReader.Read(text);
        if (header.Kind != PythonKind.Dictionary)
        {
            throw new HeapFormatException($"The NumPy header is {header}; it must be a dictionary.");
        }

        Dictionary<string, PythonLiteral> values = [];
        for (int i = 0; i < header.Elements.Count; i += 2)
        {
            PythonLiteral key = header.Elements[i];
            if (key.Kind != PythonKind.Text
                || key.Text is not (Descr or FortranOrder or ShapeKey)
                || !values.TryAdd(key.Text, header.Elements[i + 1]))
            {
                throw WrongKeys(key);
            }
        }

        if (values.Count != 3)
        {
            throw new HeapFormatException(
                $"The NumPy header has only the keys '{string.Join("', '", values.Keys)}'; it must have '{Descr}', "
                + $"'{FortranOrder}' and '{ShapeKey}'.");
        }

        PythonLiteral order = values[FortranOrder];
        return order.Kind == PythonKind.Boolean
            ? new(NumPyType.Parse(values[Descr], swap), ParseShape(values[ShapeKey]), order.Number != 0)
            : throw new HeapFormatException(
                $"The '{FortranOrder}' of the NumPy header is {order}; it must be True or False.");
    }

    /// <summary>Reads lengths of dimensions.</summary>
    /// <exception cref="HeapFormatException">One is no integer, or they are no shape.</exception>
    public static ItemShape ParseShape(IReadOnlyList<PythonLiteral> literals)
    {
        long[] lengths = new long[literals.Count];
        for (int i = 0; i < lengths.Length; i++)
        {
            PythonLiteral length = literals[i];
            lengths[i] = length is { Kind: PythonKind.Integer, Number: >= 0 }
                ? length.Number
                : throw new HeapFormatException(
                    $"Dimension {i} of a shape in the NumPy header is {length}; it must be an integer of 0 or more.");
        }

        return ItemShape.FromHeap(lengths);
    }

    /// <summary>The header as NumPy writes it.</summary>
    public string Write(bool swap) =>
        $"{{'{Descr}': {NumPyType.Write(Type, swap)}, '{FortranOrder}': {(IsFortranOrder ? "True" : "False")}, "
        + $"'{ShapeKey}': {Shape}}}";

    private static ItemShape ParseShape(PythonLiteral shape) => shape.Kind == PythonKind.Tuple
        ? ParseShape(shape.Elements)
        : throw new HeapFormatException($"The '{ShapeKey}' of the NumPy header is {shape}; it must be a tuple.");

    private static HeapFormatException WrongKeys(PythonLiteral key) => new(
        $"The NumPy header has the key {key} twice or too many; it must have '{Descr}', '{FortranOrder}' and "
        + $"'{ShapeKey}', once each.");
}
