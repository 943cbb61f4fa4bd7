// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Tools.Output;

/// <summary>Numbers and messages as people read them.</summary>
internal static class Readable
{
    private const double BitsPerByte = 8;
    private const double Giga = 1e9;
    private static readonly string[] ByteUnits = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>A whole number with separators.</summary>
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number of bytes in the unit that fits.</summary>
    public static string Bytes(long value)
    {
        double shown = value;
        int unit = 0;
        while (shown >= 1024 && unit < ByteUnits.Length - 1)
        {
            shown /= 1024;
            unit++;
        }

        return shown.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + ByteUnits[unit];
    }

    /// <summary>A time in seconds.</summary>
    public static string Seconds(TimeSpan time) =>
        time.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) + " s";

    /// <summary>A message as one sentence on one line.</summary>
    public static string Sentence(string message)
    {
        string line = message.ReplaceLineEndings(" ").TrimEnd();
        return char.ToUpperInvariant(line[0]) + line[1..] + (line.EndsWith('.') ? "" : ".");
    }

    /// <summary>A rate in the unit that fits.</summary>
    public static string Rate(long bytes, TimeSpan time) => Rate(GigabitsPerSecond(bytes, time));

    /// <summary>A rate in the unit that fits; of none in the largest.</summary>
    /// <param name="gigabits">Gigabits per second.</param>
    public static string Rate(double gigabits)
    {
        (double shown, string unit) = gigabits is >= 1 or 0 ? (gigabits, "Gb/s")
            : gigabits >= 1e-3 ? (gigabits * 1e3, "Mb/s")
            : (gigabits * 1e6, "kb/s");
        return shown.ToString(shown < 10 || unit == "Gb/s" ? "0.00" : shown < 100 ? "0.0" : "0", CultureInfo.InvariantCulture) + " " + unit;
    }

    /// <summary>A rate in gigabits per second, as a number.</summary>
    public static double GigabitsPerSecond(long bytes, TimeSpan time) =>
        time > TimeSpan.Zero ? bytes * BitsPerByte / Giga / time.TotalSeconds : 0;
}
