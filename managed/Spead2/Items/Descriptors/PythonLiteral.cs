// SPDX-License-Identifier: MIT

namespace Spead2.Items.Descriptors;

/// <summary>A Python literal of the kinds that NumPy headers are made of.</summary>
internal sealed class PythonLiteral
{
    public required PythonKind Kind { get; init; }

    /// <summary>Content of a text.</summary>
    public string Text { get; init; } = "";

    /// <summary>Value of an integer; 0 or 1 for a boolean.</summary>
    public long Number { get; init; }

    /// <summary>Elements of a tuple or list; keys and values in turn of a dictionary.</summary>
    public IReadOnlyList<PythonLiteral> Elements { get; init; } = [];

    /// <summary>What it is, for messages.</summary>
    public override string ToString() => Kind switch
    {
        PythonKind.Text => $"'{Text}'",
        PythonKind.Integer => $"{Number}",
        PythonKind.None => "None",
        PythonKind.Boolean => Number == 0 ? "False" : "True",
        _ => $"a {(Kind == PythonKind.Dictionary ? "dictionary" : Kind == PythonKind.List ? "list" : "tuple")}",
    };
}
