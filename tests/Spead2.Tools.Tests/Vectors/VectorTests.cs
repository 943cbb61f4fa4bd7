// SPDX-License-Identifier: MIT

using Spead2.Testing.Vectors;

namespace Spead2.Tools.Tests.Vectors;

/// <summary>The test vectors through `spead2 recv --json`, whose lines must be those expected to the letter.</summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class VectorTests(string engine)
{
    private const int LeastRuns = 100;

    [TestCaseSource(typeof(Vector), nameof(Vector.All))]
    public async Task Command_prints_what_the_vector_says(Vector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using PacketFile file =
            vector.FeedsBuffer ? PacketFile.OfBytes([.. vector.Packets]) : PacketFile.OfDatagrams(vector.Packets);

        CommandResult result = await InProcess.RunAsync(
            ["recv", vector.FeedsBuffer ? "--file" : "--packets", file.Path, "--json", "--engine", engine,
             .. ReceiveArguments.Of(vector)]);

        Assert.That(result.Heaps, Is.EqualTo(vector.Heaps.Select(HeapLine.Of)));
        vector.AssertStatistics(result.Statistics);
        string[] suggestions =
            [.. result.Lines.Where(line => line.StartsWith("""{"suggested_dialect":""", StringComparison.Ordinal))];
        Assert.That(result.Lines, Has.Length.EqualTo(vector.Heaps.Count + suggestions.Length + 1));
        if (vector.Suggests is not null)
        {
            Assert.That(suggestions, Is.EqualTo((string[])[$$"""{"suggested_dialect":"{{vector.Suggests}}"}"""]));
        }

        Assert.That(result.ExitCode, Is.Zero);
    }

    [Test]
    public void There_are_vectors() => Assert.That(Vector.All.Count(), Is.GreaterThan(LeastRuns));
}
