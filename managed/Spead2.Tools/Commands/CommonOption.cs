// SPDX-License-Identifier: MIT

using System.CommandLine;

namespace Spead2.Tools.Commands;

/// <summary>Options that every command has.</summary>
internal static class CommonOption
{
    /// <summary>Results for programs instead of people.</summary>
    public static Option<bool> Json() => new("--json")
    {
        Description = "Print JSON, one object per line, instead of tables.",
    };
}
