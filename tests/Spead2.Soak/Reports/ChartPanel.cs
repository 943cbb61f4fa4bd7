// SPDX-License-Identifier: MIT

namespace Spead2.Soak.Reports;

/// <summary>Lines of one unit over time.</summary>
/// <param name="Name">What the lines show, with their unit.</param>
/// <param name="Lines">The lines.</param>
internal readonly record struct ChartPanel(string Name, params ChartLine[] Lines);
