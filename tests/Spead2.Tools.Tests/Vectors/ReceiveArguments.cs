// SPDX-License-Identifier: MIT

using Spead2.Testing.Vectors;

namespace Spead2.Tools.Tests.Vectors;

/// <summary>The options of a vector as arguments of `recv`.</summary>
internal static class ReceiveArguments
{
    private static readonly Dictionary<string, string[]> ArgumentsOfOptions = new()
    {
        ["no_unsized_heaps"] = ["--no-unsized-heaps"],
        ["ignore_stop_item"] = ["--ignore-stop-item"],

        // The command does not show an incomplete heap without its ranges and the hash of its payload.
        ["deliver_incomplete"] = ["--incomplete"],
        ["keep_ranges"] = [],
        ["keep_incomplete_payload"] = [],
        ["max_heaps"] = ["--max-heaps"],
        ["bug_compat"] = ["--bug-compat"],
    };

    public static IEnumerable<string> Of(Vector vector) =>
    [
        .. vector.Dialect is null ? Array.Empty<string>() : ["--dialect", vector.Dialect],
        .. vector.InOrder ? ["--in-order"] : Array.Empty<string>(),
        .. vector.Options.SelectMany(option => Of(option.Key, option.Value)),
    ];

    private static string[] Of(string option, int? number) =>
        number is null ? ArgumentsOfOptions[option] : [.. ArgumentsOfOptions[option], $"{number}"];
}
