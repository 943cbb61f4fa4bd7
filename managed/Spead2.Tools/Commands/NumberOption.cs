// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Spead2.Tools.Commands;

/// <summary>Options whose value is a number, with messages that say which numbers are possible.</summary>
internal static class NumberOption
{
    /// <summary>An option for a whole number.</summary>
    public static Option<long> Whole(
        string name, string helpName, string description, long? byDefault, long least, long most = long.MaxValue) =>
        Create(name, helpName, description, byDefault, least, most, "a whole number", NumberStyles.AllowLeadingSign);

    /// <summary>An option for a number that need not be whole and is not negative.</summary>
    public static Option<double> Real(
        string name,
        string helpName,
        string description,
        double byDefault = 0,
        double least = 0,
        double most = double.MaxValue) =>
        Create(name, helpName, description, byDefault, least, most, "a number", NumberStyles.Float);

    /// <summary>Reads a whole number that may be hexadecimal, as 0x1600.</summary>
    public static bool TryReadNumber(string text, out ulong number) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>An option for a part of the packets, as a number from 0 to 1 or in per cent.</summary>
    public static Option<double> Part(string name, string description) => new(name)
    {
        HelpName = "PART",
        Description = description,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            string digits = text.EndsWith('%') ? text[..^1] : text;
            if (double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double part))
            {
                part = text.EndsWith('%') ? part / 100 : part;
                if (part <= 1)
                {
                    return part;
                }
            }

            result.AddError($"{name} must be a part from 0 to 1, or per cent as in 0.1%, not '{text}'.");
            return 0;
        },
    };

    private static Option<T> Create<T>(
        string name,
        string helpName,
        string description,
        T? byDefault,
        T least,
        T most,
        string what,
        NumberStyles style)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        string range = most == T.MaxValue
            ? FormattableString.Invariant($"of at least {least}")
            : FormattableString.Invariant($"from {least} to {most}");
        var option = new Option<T>(name)
        {
            HelpName = helpName,
            Description = description,
            CustomParser = Parse,
        };
        if (byDefault is T number)
        {
            option.DefaultValueFactory = _ => number;
        }

        return option;

        T Parse(ArgumentResult result)
        {
            string text = result.Tokens[0].Value;
            if (T.TryParse(text, style, CultureInfo.InvariantCulture, out T value) && value >= least && value <= most)
            {
                return value;
            }

            result.AddError($"{name} must be {what} {range}, not '{text}'.");
            return default;
        }
    }
}
