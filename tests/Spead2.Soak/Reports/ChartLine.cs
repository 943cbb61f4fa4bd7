// SPDX-License-Identifier: MIT

namespace Spead2.Soak.Reports;

/// <summary>A line of a chart.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Points">Seconds, and values in the unit of its panel.</param>
internal readonly record struct ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points);
