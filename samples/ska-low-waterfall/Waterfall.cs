// SPDX-License-Identifier: MIT

using System.Numerics;
using System.Runtime.InteropServices;
using ScottPlot;
using ScottPlot.Plottables;
using Spead2.Receive;

namespace SkaLowWaterfall;

/// <summary>The power of each channel in each moment: 2,048 samples, 2.21184 ms.</summary>
internal sealed class Waterfall
{
    /// <summary>Packets that a station sends in a second: 384 channels, one packet for each in a moment.</summary>
    public const int StationRate = 173_611;

    private const int Channels = 384;
    private const int FirstChannel = 64;
    private const double SecondsPerMoment = 2.21184e-3;
    private const int ChannelInfoId = 0x3000;

    // Of a picture; several moments are one line if there are more.
    private const int MostLines = 600;
    private const int Width = 1000;
    private const int Height = 700;

    // Earlier ones are late packets of a moment that was not the first to arrive.
    private const int LongestDelay = 64;

    private readonly List<float[]> _moments = [];
    private long? _firstCnt;

    /// <summary>Packets that were added.</summary>
    public long Packets { get; private set; }

    /// <summary>Moments from the first to the last.</summary>
    public int Moments => _moments.Count;

    /// <summary>Packets that did not come.</summary>
    public long Missing => ((long)Moments * Channels) - Packets;

    /// <summary>Adds a packet: the channel is in an immediate, the moment is the heap cnt.</summary>
    public void Add(Heap heap)
    {
        RawItem samples = default;
        int channel = -1;
        foreach (RawItem item in heap.Items)
        {
            if (item.Id == Dialect.SkaLowItemId)
            {
                samples = item;
            }
            else if (item.Id == ChannelInfoId)
            {
                channel = (int)(item.Value & ushort.MaxValue) - FirstChannel;
            }
        }

        _firstCnt ??= (long)heap.Cnt;
        long moment = (long)heap.Cnt - _firstCnt.Value;
        if (channel is < 0 or >= Channels || samples.Length == 0 || moment < 0 || moment > _moments.Count + LongestDelay)
        {
            return;
        }

        while (_moments.Count <= moment)
        {
            _moments.Add(new float[Channels]);
        }

        _moments[(int)moment][channel] = Power(MemoryMarshal.Cast<byte, sbyte>(samples.Bytes.Span));
        Packets++;
    }

    /// <summary>Draws the picture: channels to the right, time downwards.</summary>
    public void Save(string file)
    {
        int momentsPerLine = (Moments + MostLines - 1) / MostLines;
        int lines = (Moments + momentsPerLine - 1) / momentsPerLine;
        double[,] decibels = new double[lines, Channels];
        for (int line = 0; line < lines; line++)
        {
            List<float[]> moments = _moments.GetRange(
                line * momentsPerLine, Math.Min(momentsPerLine, Moments - (line * momentsPerLine)));
            for (int channel = 0; channel < Channels; channel++)
            {
                float[] powers = [.. moments.Select(powers => powers[channel]).Where(power => power > 0)];
                decibels[line, channel] = powers.Length == 0 ? double.NaN : 10 * Math.Log10(powers.Average());
            }
        }

        using Plot plot = new();
        Heatmap map = plot.Add.Heatmap(decibels);
        map.Extent = new(FirstChannel, FirstChannel + Channels, 0, Moments * SecondsPerMoment);
        plot.Axes.SetLimits(FirstChannel, FirstChannel + Channels, Moments * SecondsPerMoment, 0);
        plot.Add.ColorBar(map).Label = "dB";
        plot.XLabel("frequency channel");
        plot.YLabel("time in s");
        plot.Title($"SKA-Low station beam, {Packets} packets");
        plot.SavePng(file, Width, Height);
    }

    /// <summary>Mean of the squares of the voltages.</summary>
    private static float Power(ReadOnlySpan<sbyte> voltages)
    {
        Vector<int> sums = Vector<int>.Zero;
        foreach (Vector<sbyte> part in MemoryMarshal.Cast<sbyte, Vector<sbyte>>(voltages))
        {
            Vector.Widen(part, out Vector<short> low, out Vector<short> high);
            Vector.Widen(low * low, out Vector<int> a, out Vector<int> b);
            Vector.Widen(high * high, out Vector<int> c, out Vector<int> d);
            sums += a + b + c + d;
        }

        int used = voltages.Length / Vector<sbyte>.Count * Vector<sbyte>.Count;
        long sum = Vector.Sum(sums);
        foreach (sbyte voltage in voltages[used..])
        {
            sum += voltage * voltage;
        }

        return (float)sum / voltages.Length;
    }
}
