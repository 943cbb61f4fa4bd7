// SPDX-License-Identifier: MIT

using System.Text.Json;

namespace Spead2.Tools.Tests;

/// <summary>What a run of the command left behind.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>Lines of standard output.</summary>
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Lines of standard output that are heaps.</summary>
    public string[] Heaps => [.. Lines.Where(line => line.StartsWith("{\"cnt\":", StringComparison.Ordinal))];

    /// <summary>The statistics of `recv --json`, which are the last line.</summary>
    public Dictionary<string, long> Statistics =>
        JsonDocument.Parse(Lines[^1]).RootElement.GetProperty("stats").Deserialize<Dictionary<string, long>>()!;

    /// <summary>A number in the last line.</summary>
    public double Number(string name) => JsonDocument.Parse(Lines[^1]).RootElement.GetProperty(name).GetDouble();
}
