// SPDX-License-Identifier: MIT

namespace Spead2.Benchmarks.Report;

/// <summary>A part of all benchmarks: programs that run one after the other and print JSON lines.</summary>
/// <param name="Name">What it is called on the command line and as a file.</param>
/// <param name="Commands">The programs with their arguments; one without a slash is a command of this program.</param>
internal sealed record Part(string Name, IReadOnlyList<string[]> Commands);
