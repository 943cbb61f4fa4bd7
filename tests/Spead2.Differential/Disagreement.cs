// SPDX-License-Identifier: MIT

namespace Spead2.Differential;

/// <summary>A trace of which an engine makes something else than the model.</summary>
/// <param name="Engine">Name of the engine.</param>
/// <param name="Seed">The seed of the trace.</param>
/// <param name="Shrunk">The trace with all taken away that is not needed to see it.</param>
/// <param name="OriginalPackets">How many packets the trace had before.</param>
/// <param name="Differences">What differs.</param>
/// <param name="Path">The shrunk trace as text.</param>
/// <param name="Command">The command that shows what the C core makes of it.</param>
internal sealed record Disagreement(
    string Engine,
    ulong Seed,
    Trace Shrunk,
    int OriginalPackets,
    IReadOnlyList<string> Differences,
    string Path,
    string Command)
{
    /// <summary>A few lines for people.</summary>
    public override string ToString() => string.Join(Environment.NewLine, [
        $"seed {Seed}, {Engine}, {Shrunk.Feed}: {Shrunk.Packets.Count} of {OriginalPackets} packets are enough, "
            + $"with options '{Shrunk.Options}'",
        .. Differences.Select(difference => $"  {difference}"),
        $"  trace: {Path}",
        $"  command: {Command}",
    ]);
}
