// SPDX-License-Identifier: MIT

using Spead2.Mutants.Sources;

namespace Spead2.Mutants.Running;

/// <summary>One build of a language's sources, with all mutants in it, and the tests that run it.</summary>
internal interface ITestBench
{
    /// <summary>What can be changed.</summary>
    IReadOnlyList<SourceFile> Files { get; }

    /// <summary>Builds sources and tests; changes that cannot be compiled are given up and replaced.</summary>
    void Build(Sampler sampler, int count);

    /// <summary>Runs every test without a mutant. Units that fail are left out, and named.</summary>
    IReadOnlyList<TestUnit> Measure(Action<string> tell);

    /// <summary>In which portions tests are run, the likeliest to fail first.</summary>
    IEnumerable<IReadOnlyList<TestUnit>> Portions(IReadOnlyList<TestUnit> units);

    /// <summary>Runs tests with a mutant; gives the units that failed, did not end or crashed; none if all passed.</summary>
    IReadOnlyList<TestFailure> Run(IReadOnlyList<TestUnit> units, int mutant);
}
