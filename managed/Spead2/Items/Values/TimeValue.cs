// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Items.Values;

/// <summary>Times and lengths of time: numbers of a unit as NumPy has them, and .NET's types.</summary>
internal static class TimeValue
{
    private const long NotATime = long.MinValue;
    private const int MonthsPerYear = 12;

    // Of 100 ns, numerator and denominator.
    private static readonly (string Unit, long Ticks, long Parts)[] Units =
    [
        ("W", 7 * TimeSpan.TicksPerDay, 1), ("D", TimeSpan.TicksPerDay, 1), ("h", TimeSpan.TicksPerHour, 1),
        ("m", TimeSpan.TicksPerMinute, 1), ("s", TimeSpan.TicksPerSecond, 1), ("ms", TimeSpan.TicksPerMillisecond, 1),
        ("us", TimeSpan.TicksPerMicrosecond, 1), ("ns", 1, 100), ("ps", 1, 100_000), ("fs", 1, 100_000_000),
        ("as", 1, 100_000_000_000),
    ];

    /// <summary>A number of units as a <see cref="TimeSpan"/>; null if there is none that is exactly as long.</summary>
    public static TimeSpan? ToTimeSpan(string unit, long count)
    {
        (int factor, string name) = Split(unit);
        int index = Array.FindIndex(Units, known => known.Unit == name);
        if (index < 0 || count == NotATime)
        {
            return null;
        }

        (Int128 ticks, Int128 rest) = Int128.DivRem((Int128)count * factor * Units[index].Ticks, Units[index].Parts);
        return rest == 0 && ticks >= long.MinValue && ticks <= long.MaxValue ? new((long)ticks) : null;
    }

    /// <summary>
    /// A number of units since 1970 as a <see cref="DateTime"/> in UTC; null if there is none that is exactly that.
    /// </summary>
    public static DateTime? ToDateTime(string unit, long count)
    {
        (int factor, string name) = Split(unit);
        if (name is "Y" or "M")
        {
            Int128 months = (Int128)count * factor * (name == "Y" ? MonthsPerYear : 1)
                + (DateTime.UnixEpoch.Year * MonthsPerYear);
            if (months < MonthsPerYear || months >= (DateTime.MaxValue.Year + 1) * MonthsPerYear)
            {
                return null;
            }

            (int year, int month) = Math.DivRem((int)months, MonthsPerYear);
            return new DateTime(year, month + 1, 1, 0, 0, 0, DateTimeKind.Utc);
        }

        return ToTimeSpan(unit, count) is TimeSpan span
            && span >= DateTime.MinValue - DateTime.UnixEpoch
            && span <= DateTime.MaxValue - DateTime.UnixEpoch
            ? DateTime.UnixEpoch + span
            : null;
    }

    /// <summary>
    /// A number of units as a time of .NET; as the number itself if there is none that is exactly that.
    /// </summary>
    public static object ToObject(ItemType type, long count) => type.Kind == ItemKind.DateTime
        ? ToDateTime(type.TimeUnit, count) is DateTime time ? time : count
        : ToTimeSpan(type.TimeUnit, count) is TimeSpan span ? span : count;

    /// <summary>Numbers of units as an array of times of .NET; as themselves unless all are exactly that.</summary>
    public static Array ToArray(ItemType type, long[] counts)
    {
        Array times = type.Kind == ItemKind.DateTime ? new DateTime[counts.Length] : new TimeSpan[counts.Length];
        for (int i = 0; i < counts.Length; i++)
        {
            object time = ToObject(type, counts[i]);
            if (time is long)
            {
                return counts;
            }

            times.SetValue(time, i);
        }

        return times;
    }

    /// <summary>The number of units that a time is; null if it is no number of them.</summary>
    public static long? ToCount(ItemType type, object value)
    {
        TimeSpan? span = (type.Kind, value) switch
        {
            (ItemKind.DateTime, DateTime { Kind: DateTimeKind.Local } time) =>
                time.ToUniversalTime() - DateTime.UnixEpoch,
            (ItemKind.DateTime, DateTime time) => time - DateTime.UnixEpoch,
            (ItemKind.TimeSpan, TimeSpan time) => time,
            _ => null,
        };
        (int factor, string name) = Split(type.TimeUnit);
        if (span is not null && name is "Y" or "M" && type.Kind == ItemKind.DateTime)
        {
            DateTime time = DateTime.UnixEpoch + span!.Value;
            long months = ((time.Year - DateTime.UnixEpoch.Year) * MonthsPerYear) + time.Month - 1;
            long count = months / (name == "Y" ? MonthsPerYear : 1) / factor;
            return ToDateTime(type.TimeUnit, count) == time ? count : null;
        }

        int index = Array.FindIndex(Units, known => known.Unit == name);
        if (span is null || index < 0)
        {
            return null;
        }

        (Int128 units, Int128 rest) = Int128.DivRem(
            (Int128)span.Value.Ticks * Units[index].Parts, (Int128)Units[index].Ticks * factor);
        return rest == 0 && units > long.MinValue && units <= long.MaxValue ? (long)units : null;
    }

    /// <summary>A time in words: ISO 8601, as NumPy shows it.</summary>
    public static string Text(DateTime time) =>
        time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);

    private static (int Factor, string Name) Split(string unit)
    {
        int digits = unit.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return digits <= 0
            ? (1, unit)
            : (int.Parse(unit.AsSpan(0, digits), CultureInfo.InvariantCulture), unit[digits..]);
    }
}
