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
