// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Spead2.Tools.Commands;

/// <summary>Options whose value is a number, with messages that say which numbers are possible.</summary>
internal static class NumberOption
{
    /// <summary>An option for a whole number.</summary>
    public static Option<long> Whole(
        string name, string helpName, string description, long? byDefault, long least, long most = long.MaxValue)
    {
        string range = most == long.MaxValue ? $"of at least {least}" : $"from {least} to {most}";
        var option = new Option<long>(name)
        {
            HelpName = helpName,
            Description = description,
            CustomParser = result => Parse<long>(
                result,
                name,
                $"a whole number {range}",
                text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
                    && value >= least && value <= most ? value : null),
        };
        if (byDefault is long value)
        {
            option.DefaultValueFactory = _ => value;
        }

        return option;
    }

    /// <summary>An option for a number that need not be whole and is not negative.</summary>
    public static Option<double> Real(
        string name, string helpName, string description, double byDefault = 0, double most = double.MaxValue)
    {
        string range = most == double.MaxValue
            ? "of at least 0"
            : $"from 0 to {most.ToString(CultureInfo.InvariantCulture)}";
        return new Option<double>(name)
        {
            HelpName = helpName,
            Description = description,
            CustomParser = result => Parse<double>(
                result,
                name,
                $"a number {range}",
                text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                    && value >= 0 && value <= most ? value : null),
            DefaultValueFactory = _ => byDefault,
        };
    }

    private static T Parse<T>(ArgumentResult result, string name, string what, Func<string, T?> parse)
        where T : struct
    {
        string text = result.Tokens[0].Value;
        if (parse(text) is T value)
        {
            return value;
        }

        result.AddError($"{name} must be {what}, not '{text}'.");
        return default;
    }
}
