// SPDX-License-Identifier: MIT

using Spead2.Fuzz.Guided;
using Spead2.Fuzz.Items;

namespace Spead2.Tests.Items;

/// <summary>
/// The inputs that <c>./build.sh fuzz --target items</c> has found to go different ways through the code that reads
/// descriptors and values: few, but they go all ways that were found.
/// </summary>
[TestFixture]
public sealed class FuzzCorpusTests
{
    // Far above what an input of at most 4 KiB needs; a count of steps does not depend on what else the machine does.
    private const int MostWork = 20_000;
    private const int FewestInputs = 50;

    private static readonly string Corpus = Path.Combine(AppContext.BaseDirectory, "FuzzCorpus");

    [Test]
    public void Each_input_gives_values_or_documented_exceptions_within_bounds()
    {
        string[] files = Directory.GetFiles(Corpus);
        var sum = new ItemTally { Seed = 0 };
        Assert.Multiple(() =>
        {
            foreach (string file in files)
            {
                Replay(file, sum);
            }
        });

        TestContext.Out.WriteLine(sum);
        Assert.That(files, Has.Length.GreaterThan(FewestInputs));
        Assert.That(sum.HeapsAccepted, Is.GreaterThan(FewestInputs), "not all is refused");
        Assert.That(sum.HeapsRefused, Is.GreaterThan(FewestInputs), "not all is right");
        Assert.That(sum.Values, Is.GreaterThan(FewestInputs));
    }

    private static void Replay(string file, ItemTally sum)
    {
        byte[] input = File.ReadAllBytes(file);
        var tally = new ItemTally { Seed = 0 };
        long refused = 0;
        Assert.That(() => ItemInput.Run(input, tally, () => { }, _ => refused++), Throws.Nothing, file);
        long work = tally.HeapsAccepted + tally.HeapsRefused + tally.Values + refused;
        Assert.That(work, Is.LessThanOrEqualTo(MostWork), file);
        Assert.That(tally.LargestAllocation, Is.LessThanOrEqualTo(ItemInput.MostAllocation), file);
        sum.Cases++;
        sum.HeapsAccepted += tally.HeapsAccepted;
        sum.HeapsRefused += tally.HeapsRefused;
        sum.Values += tally.Values;
        sum.LargestAllocation = Math.Max(sum.LargestAllocation, tally.LargestAllocation);
    }
}
