// SPDX-License-Identifier: MIT

namespace Spead2.TestReports.Suites;

/// <summary>A run of a suite, as build.cake writes it down.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Results">
/// The file with its tests: JUnit's XML of CTest, or .trx. If it ends otherwise, the run is one test, and this says of what.
/// </param>
/// <param name="ExitCode">Of its runner.</param>
/// <param name="Reports">How often sanitizers have reported something; null: there were none.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record SuiteRun(string Name, string Results, int ExitCode, int? Reports, double Seconds);
