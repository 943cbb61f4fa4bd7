// SPDX-License-Identifier: MIT

namespace Spead2.Benchmarks.Report;

/// <summary>Target of a number.</summary>
/// <param name="What">The number, with its unit.</param>
/// <param name="Limit">The promise in words.</param>
/// <param name="Measured">What was measured.</param>
/// <param name="Holds">Whether the promise is kept by the median.</param>
internal sealed record Target(string What, string Limit, Spread Measured, bool Holds)
{
    /// <summary>A number that must not be smaller.</summary>
    public static Target AtLeast(string what, double limit, Spread measured) =>
        new(what, $"at least {MarkdownTable.Number(limit)}", measured, measured.Median >= limit);

    /// <summary>A number that must not be larger.</summary>
    public static Target AtMost(string what, double limit, Spread measured) =>
        new(what, $"at most {MarkdownTable.Number(limit)}", measured, measured.Median <= limit);
}
