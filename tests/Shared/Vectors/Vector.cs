// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Receive;

namespace Spead2.Testing.Vectors;

/// <summary>One run of a test vector (tests/vectors/README.md) with its expected result.</summary>
public sealed record Vector
{
    // Statistics that there were not when the vectors were made: the differential test holds them, and vectors that name
    // them.
    private static readonly HashSet<string> Later =
    [
        .. typeof(StreamStatistics).GetProperties()
            .Select(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name))
            .SkipWhile(name => name != "datagrams_dropped_at_stop").Skip(1),
    ];

    /// <summary>Every run as the only argument of a test.</summary>
    public static IEnumerable<TestCaseData> All =>
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "vectors"), "*.txt")
            .Order(StringComparer.Ordinal)
            .SelectMany(VectorFile.Read)
            .Select(vector => new TestCaseData(vector).SetArgDisplayNames(vector.Name));

    public required string Name { get; init; }

    /// <summary>Whether packets must arrive in order; else they may arrive in any.</summary>
    public required bool InOrder { get; init; }

    /// <summary>The stream's options, those that take a number with it.</summary>
    public required IReadOnlyDictionary<string, int?> Options { get; init; }

    /// <summary>Name of the source's dialect; null: none.</summary>
    public string? Dialect { get; init; }

    /// <summary>Name of the dialect that the source suggests at the end; null: not compared.</summary>
    public string? Suggests { get; init; }

    /// <summary>Whether the packets are one buffer; else each is a datagram.</summary>
    public required bool FeedsBuffer { get; init; }

    public required IReadOnlyList<byte[]> Packets { get; init; }

    public required IReadOnlyList<ExpectedHeap> Heaps { get; init; }

    /// <summary>Statistics that are not 0, but for later ones than vectors know; those without a value may have any.</summary>
    public required IReadOnlyDictionary<string, long?> Statistics { get; init; }

    /// <summary>Asserts that these are the statistics after the stream has stopped.</summary>
    public void AssertStatistics(IReadOnlyCollection<KeyValuePair<string, long>> actual)
    {
        ArgumentNullException.ThrowIfNull(actual);
        Assert.That(Statistics.Keys, Is.SubsetOf(actual.Select(statistic => statistic.Key)));
        Assert.Multiple(() =>
        {
            foreach ((string name, long value) in actual)
            {
                if (Statistics.GetValueOrDefault(name, Later.Contains(name) ? null : 0L) is long expected)
                {
                    Assert.That(value, Is.EqualTo(expected), name);
                }
            }
        });
    }

    public override string ToString() => Name;
}
