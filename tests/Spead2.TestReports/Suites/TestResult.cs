// SPDX-License-Identifier: MIT

namespace Spead2.TestReports.Suites;

/// <summary>A test that ran, or was skipped.</summary>
/// <param name="Name">Its name, unique in its suite.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Reason">Why it was skipped or failed, as far as it says so; else empty.</param>
internal sealed record TestResult(string Name, Outcome Outcome, string Reason)
{
    /// <summary>Name and reason on a line.</summary>
    public override string ToString() => Reason.Length == 0 ? Name : $"{Name}: {Reason}";
}
