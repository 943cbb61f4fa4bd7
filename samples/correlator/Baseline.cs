// SPDX-License-Identifier: MIT

using System.Numerics;
using ScottPlot;
using ScottPlot.Plottables;

namespace Correlator;

/// <summary>The products of two antennas: their sum over time for each channel.</summary>
internal sealed record Baseline(int First, int Second, Complex[] Sum)
{
    private const int Width = 1000;
    private const int Height = 900;
    private const double DegreesPerRadian = 180 / Math.PI;

    /// <summary>How many heaps of each antenna are in the sum.</summary>
    public int Heaps { get; set; }

    /// <summary>Each antenna with each other one.</summary>
    public static Baseline[] Of(int antennas, int channels) =>
    [
        .. from first in Enumerable.Range(0, antennas)
           from second in Enumerable.Range(first + 1, antennas - first - 1)
           select new Baseline(first, second, new Complex[channels]),
    ];

    /// <summary>Draws power and phase of all baselines, channels to the right.</summary>
    public static void Save(string file, IEnumerable<Baseline> baselines)
    {
        Multiplot plots = new();
        plots.AddPlots(2);
        Plot power = plots.GetPlot(0);
        Plot phase = plots.GetPlot(1);
        foreach (Baseline baseline in baselines.Where(baseline => baseline.Heaps != 0))
        {
            Signal line = power.Add.Signal(baseline.Sum.Select(sum => 10 * Math.Log10(sum.Magnitude / baseline.Heaps)).ToArray());
            line.LegendText = $"{baseline.First} and {baseline.Second}";
            double[] channels = [.. Enumerable.Range(0, baseline.Sum.Length).Select(channel => (double)channel)];
            phase.Add.ScatterPoints(
                channels, baseline.Sum.Select(sum => sum.Phase * DegreesPerRadian).ToArray(), line.Color);
        }

        power.Title("Cross-power spectrum");
        power.YLabel("power in dB");
        power.ShowLegend(Alignment.UpperLeft);
        phase.YLabel("phase in degrees");
        phase.XLabel("frequency channel");
        plots.SavePng(file, Width, Height);
    }
}
