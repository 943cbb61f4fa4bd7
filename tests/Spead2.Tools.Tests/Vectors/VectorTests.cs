// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Tests.Vectors;

/// <summary>The test vectors through `spead2 recv --json`, whose lines must be those expected to the letter.</summary>
[TestFixture]
public sealed class VectorTests
{
    private const int LeastRuns = 100;

    private static readonly List<Vector> Vectors = Vector.ReadAll(RepositoryFiles.Vectors);

    private static IEnumerable<TestCaseData> Runs =>
        Vectors.Select(vector => new TestCaseData(vector).SetArgDisplayNames(vector.ToString()));

    [TestCaseSource(nameof(Runs))]
    public async Task Command_prints_what_the_vector_says(Vector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using PacketFile file =
            vector.IsBuffer ? PacketFile.OfBytes([.. vector.Packets]) : PacketFile.OfDatagrams(vector.Packets);

        CommandResult result = await InProcess.RunAsync(
            ["recv", vector.IsBuffer ? "--file" : "--packets", file.Path, "--json", .. vector.Arguments]);

        Assert.That(result.Heaps, Is.EqualTo(vector.Heaps.Select(heap => heap.ToJson())));
        Assert.That(vector.Statistics.Keys, Is.SubsetOf(result.Statistics.Keys));
        Assert.That(
            result.Statistics.ToDictionary(s => s.Key, s => Expected(vector, s.Key) == "any" ? "any" : $"{s.Value}"),
            Is.EqualTo(result.Statistics.ToDictionary(s => s.Key, s => Expected(vector, s.Key))));
        Assert.That(result.Lines, Has.Length.EqualTo(vector.Heaps.Count + 1));
        Assert.That(result.ExitCode, Is.Zero);
    }

    [Test]
    public void There_are_vectors() => Assert.That(Vectors, Has.Count.GreaterThan(LeastRuns));

    private static string Expected(Vector vector, string statistic) =>
        vector.Statistics.GetValueOrDefault(statistic, "0");
}
