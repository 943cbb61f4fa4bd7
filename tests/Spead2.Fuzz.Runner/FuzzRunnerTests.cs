// SPDX-License-Identifier: MIT

using Spead2.Fuzz.Runner.Reached;
using Spead2.Fuzz.Runner.Running;
using Spead2.Fuzz.Runner.Seeds;

namespace Spead2.Fuzz.Runner;

/// <summary>What the program reads, and what it makes for the targets. Fuzzing itself is ./build.sh fuzz.</summary>
internal sealed class FuzzRunnerTests
{
    [Test]
    public void Fuzzer_lines_add_up_over_several_starts()
    {
        FuzzProgress progress = new(new FuzzTarget("packet"));
        Add(0, "INFO: Seed: 1", "#2\tINITED cov: 3", "#1024\tpulse  cov: 7", "stat::number_of_executed_units: 1500");
        Add(progress.Executions, "#10\tpulse", "stat::number_of_executed_units: 500", "stat::new_units_added:          4");
        Assert.That((progress.Executions, progress.NewInputs), Is.EqualTo((2000, 4)));

        void Add(long before, params string[] lines)
        {
            foreach (string line in lines)
            {
                progress.Add(FuzzerLine.Parse(line), before);
            }
        }
    }

    [Test]
    public void Finding_is_told_from_other_lines()
    {
        Assert.That(FuzzerLine.Parse("artifact_prefix='x'; Test unit written to x/finding-crash-1").IsFinding);
        Assert.That(FuzzerLine.Parse("#2\tINITED cov: 3").IsFinding, Is.False);
    }

    [Test]
    public void Packets_of_a_vector_are_its_lines_of_hex()
    {
        string[] vector = ["tag V", "packet A", "  53 04", "  02", "", "packet B", "  ff", "case whole", "  order both", "  0a"];
        Assert.That(VectorPackets.Parse(vector), Is.EqualTo((byte[][])[[0x53, 4, 2], [0xff]]));
    }

    [Test]
    public void Seeds_go_to_all_targets_under_names_of_their_own()
    {
        (string Target, string Name, byte[] Bytes)[] seeds = [.. SeedWriter.All()];
        string[] targets = [.. FuzzTarget.All.Select(target => target.Name)];
        Assert.That(seeds.Select(seed => seed.Target).Distinct(), Is.EquivalentTo(targets));
        Assert.That(seeds.Select(seed => (seed.Target, seed.Name)), Is.Unique);
        Assert.That(seeds.Select(seed => seed.Bytes), Has.None.Empty);
    }

    [Test]
    public void Lines_of_gcovr_are_counted_by_folder()
    {
        ReachedLines reached = ReachedLines.Parse(
            """
            {"files": [
              {"file": "native/src/heap/a.c", "lines": [
                {"line_number": 1, "count": 0, "gcovr/noncode": true},
                {"line_number": 2, "count": 5, "gcovr/noncode": false},
                {"line_number": 3, "count": 0, "gcovr/noncode": false}]},
              {"file": "native/src/packet/b.c", "lines": [{"line_number": 7, "count": 1, "gcovr/noncode": false}]}]}
            """);
        Assert.That((reached.Percent("heap"), reached.Percent("packet")), Is.EqualTo((50.0, 100.0)));
        Assert.That(reached.Percent("runtime"), Is.NaN);
    }

    [Test]
    public void Reason_needs_the_file_and_the_start_of_the_line()
    {
        UnreachedReasons reasons = UnreachedReasons.Parse(["# a | b | c", "heap/x.c | return 1; | never"]);
        Assert.That(reasons.Of("native/src/heap/x.c", "return 1; /* no */"), Is.EqualTo("never"));
        Assert.That(reasons.Of("native/src/heap/y.c", "return 1;"), Does.StartWith("not known"));
    }

    [Test]
    public void Reasons_name_lines_that_exist()
    {
        foreach (string entry in File.ReadLines(Path.Combine(RepositoryRoot.Path, UnreachedReasons.File)).Where(line => !line.StartsWith('#')))
        {
            string[] parts = entry.Split(" | ");
            string source = Path.Combine(RepositoryRoot.Path, "native/src", parts[0]);
            Assert.That(
                File.ReadLines(source).Any(line => line.Trim().StartsWith(parts[1], StringComparison.Ordinal)), entry);
        }
    }

    [TestCase("--minutes", "0")]
    [TestCase("--target", "nothing")]
    [TestCase("--often")]
    public void Wrong_argument_has_exit_code_2(params string[] arguments) =>
        Assert.That(FuzzCommand.Run(arguments), Is.EqualTo(2));
}
