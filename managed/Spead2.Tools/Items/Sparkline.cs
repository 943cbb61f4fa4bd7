// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;

namespace Spead2.Tools.Items;

/// <summary>Numbers as a line of small bars between their extremes.</summary>
internal static class Sparkline
{
    private const int MostBars = 16;
    private const string Bars = "▁▂▃▄▅▆▇█";

    /// <summary>
    /// A bar for each number, or for the mean of several where there are too many for the width, and the extremes.
    /// What is no finite number is left out. Empty if no two numbers are left.
    /// </summary>
    public static string Of(Item item)
    {
        bool areNumbers = item.Type.Kind
            is ItemKind.UnsignedInteger or ItemKind.SignedInteger or ItemKind.FloatingPoint;
        if (item.Shape.Rank == 0 || !areNumbers)
        {
            return "";
        }

        // Twice through the elements: they may be too many to keep them as numbers.
        ElementList elements = new(item);
        double[] part = new double[elements.PartLength];
        long count = 0;
        double least = double.PositiveInfinity;
        double most = double.NegativeInfinity;
        for (int first = 0; first < elements.Count; first += part.Length)
        {
            foreach (double number in Finite(elements, first, part))
            {
                count++;
                least = Math.Min(least, number);
                most = Math.Max(most, number);
            }
        }

        return count < 2
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture, $"{BarsOf(elements, part, count, least, most)} {least:G4} … {most:G4}");
    }

    private static string BarsOf(ElementList elements, double[] part, long count, double least, double most)
    {
        Span<char> bars = stackalloc char[(int)Math.Min(count, MostBars)];
        int bar = 0;
        long index = 0;
        long start = 0;
        double mean = 0;
        for (int first = 0; first < elements.Count; first += part.Length)
        {
            foreach (double number in Finite(elements, first, part))
            {
                // The mean so far moves towards the number, because the sum of large numbers is no number any more.
                long weight = ++index - start;
                mean += (number / weight) - (mean / weight);
                if (index == count * (bar + 1) / bars.Length)
                {
                    bars[bar++] = Bar(mean, least, most);
                    start = index;
                    mean = 0;
                }
            }
        }

        return new string(bars);
    }

    private static ReadOnlySpan<double> Finite(ElementList elements, int first, double[] part)
    {
        int length = 0;
        Array read = elements.ReadPart(first);

        // Not by the type of the array: one of short also passes for one of ushort.
        switch (elements.Type.Native)
        {
            case NativeCode.Byte: Add((byte[])read); break;
            case NativeCode.SByte: Add((sbyte[])read); break;
            case NativeCode.UInt16: Add((ushort[])read); break;
            case NativeCode.Int16: Add((short[])read); break;
            case NativeCode.UInt32: Add((uint[])read); break;
            case NativeCode.Int32: Add((int[])read); break;
            case NativeCode.UInt64: Add((ulong[])read); break;
            case NativeCode.Int64: Add((long[])read); break;
            case NativeCode.Half: Add((Half[])read); break;
            case NativeCode.Single: Add((float[])read); break;
            case NativeCode.Double: Add((double[])read); break;
            case NativeCode.BigInteger: Add((BigInteger[])read); break;
        }

        return part.AsSpan(0, length);

        void Add<T>(T[] numbers)
            where T : INumberBase<T>
        {
            foreach (T number in numbers)
            {
                double value = double.CreateTruncating(number);
                if (double.IsFinite(value))
                {
                    part[length++] = value;
                }
            }
        }
    }

    private static char Bar(double number, double least, double most)
    {
        // Halves, because the distance between the largest numbers is no number any more.
        double height = ((number / 2) - (least / 2)) / ((most / 2) - (least / 2));
        return Bars[double.IsFinite(height) ? Math.Clamp((int)(height * Bars.Length), 0, Bars.Length - 1) : 0];
    }
}
