// SPDX-License-Identifier: MIT

namespace Spead2.Benchmarks.Report;

/// <summary>A line of a chart.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="Style">Colour and marker, from 0 to 2.</param>
/// <param name="Points">From left to right: where, the value, and between which values it varies.</param>
internal sealed record ChartSeries(string Name, int Style, IReadOnlyList<(double X, Spread Y)> Points);
