// SPDX-License-Identifier: MIT

namespace Spead2.TestReports.Suites;

/// <summary>What came of a test.</summary>
internal enum Outcome
{
    /// <summary>It ran and held.</summary>
    Passed,

    /// <summary>It did not hold, crashed or took too long.</summary>
    Failed,

    /// <summary>It cannot run here.</summary>
    Skipped,
}
