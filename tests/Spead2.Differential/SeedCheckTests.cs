// SPDX-License-Identifier: MIT

using Spead2.Differential.Engines;
using Spead2.Differential.Model;

namespace Spead2.Differential;

[TestFixture]
public sealed class SeedCheckTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolderName() =>
        _folder = Path.Combine(TestContext.CurrentContext.WorkDirectory, Path.GetRandomFileName());

    [TearDown]
    public void DeleteFolder()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Test]
    public void Engine_that_loses_stop_heaps_is_found_and_the_saved_trace_shows_it()
    {
        var engine = new WrongEngine();
        var run = new SeedRun(new SeedCheck([engine], _folder), 1, Seeds.DefaultCount);

        run.Run(_ => { });

        Assert.That(run.Disagreements, Has.Count.InRange(SeedRun.EnoughDisagreements, SeedRun.EnoughDisagreements + 1));
        Disagreement first = run.Disagreements[0];
        Assert.That(first.Shrunk.Packets, Has.Count.EqualTo(1));
        Assert.That(SeedCheck.Differences(engine, TraceFile.Read(first.Path)), Is.EqualTo(first.Differences));
        Assert.That(
            first.Command, Does.StartWith($"spead2 recv --packets {Path.ChangeExtension(first.Path, ".packets")}"));
    }

    [Test]
    public void Engine_that_is_right_leaves_no_files()
    {
        var run = new SeedRun(new SeedCheck([EngineList.All[0]], _folder), 1, 3);

        run.Run(_ => { });

        Assert.That((run.Done, run.Disagreements.Count, Directory.Exists(_folder)), Is.EqualTo((3, 0, false)));
    }

    [TestCase("--engine", "none")]
    [TestCase("--seeds", "many")]
    [TestCase("--replay", "no-such-file")]
    [TestCase("--unknown")]
    public void Wrong_argument_gives_exit_code_2(params string[] arguments) =>
        Assert.That(DifferentialCommand.Run(arguments), Is.EqualTo(2));

    private sealed class WrongEngine : IEngine
    {
        public string Name => "wrong";

        public Observation Run(Trace trace)
        {
            Observation right = NaiveStream.Run(trace);
            return right with { Heaps = [.. right.Heaps.Where(heap => !heap.IsEndOfStream)] };
        }
    }
}
