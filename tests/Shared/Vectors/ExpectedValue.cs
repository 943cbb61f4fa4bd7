// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Vectors;

/// <summary>An item that a vector says a group has, in words.</summary>
public sealed record ExpectedValue(
    long Id, string Name, string Description, string Type, string Shape, string Value)
{
    /// <summary>The same of an item of a group.</summary>
    public static ExpectedValue Of(Item item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return new(
            item.Id,
            item.Name,
            item.Description,
            item.Type.ToString(),
            item.Shape.ToString(),
            item.Value.ToString());
    }

    // A character that no line has.
    private const string Separator = "\n";

    /// <summary>Reads the words of a line after the first.</summary>
    internal static ExpectedValue Read(string[] words)
    {
        // A bar is a separator only as a word of its own.
        string line = string.Join(' ', words[2..].Select(word => word == "|" ? Separator : word));
        string[] parts = [.. line.Split(Separator).Select(part => part.Trim()), "", "", ""];
        return parts.Length > 5
            ? new(VectorFile.ParseNumber(words[0]), words[1], parts[1], parts[2], parts[3], parts[4])
            : new(VectorFile.ParseNumber(words[0]), words[1], "", "", "", parts[1]);
    }
}
