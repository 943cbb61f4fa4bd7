// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Vectors;

/// <summary>
/// A case of an item vector (tests/vectors/README.md): packets of a heap and the items that they make.
/// </summary>
public sealed record ItemVector
{
    /// <summary>Every case as the only argument of a test.</summary>
    public static IEnumerable<TestCaseData> All =>
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "vectors", "items"), "*.txt")
            .Order(StringComparer.Ordinal)
            .SelectMany(VectorFile.ReadItems)
            .Select(vector => new TestCaseData(vector).SetArgDisplayNames(vector.Name));

    /// <summary>Those that a sender can write, too.</summary>
    public static IEnumerable<TestCaseData> Sent => All.Where(data => ((ItemVector)data.Arguments[0]!).IsSent);

    public required string Name { get; init; }

    public required BugCompat BugCompat { get; init; }

    public required IReadOnlyList<byte[]> Packets { get; init; }

    public required IReadOnlyList<ExpectedValue> Items { get; init; }

    /// <summary>The item because of which the heap is refused, with a part of the message as its value.</summary>
    public ExpectedValue? Refused { get; init; }

    public required bool IsSent { get; init; }

    public override string ToString() => Name;
}
