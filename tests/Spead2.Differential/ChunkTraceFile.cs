// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Differential;

/// <summary>Traces for chunks as text: a line such as <c>chunks 17 group</c>, then those of <see cref="TraceFile"/>.</summary>
internal static class ChunkTraceFile
{
    private const string Group = "group";
    private const string Stream = "stream";

    /// <summary>Reads a trace from lines of text.</summary>
    /// <exception cref="FormatException">A line cannot be understood.</exception>
    public static ChunkTrace Parse(IEnumerable<string> lines)
    {
        ILookup<bool, string> isFirst = lines.ToLookup(line => line.StartsWith("chunks ", StringComparison.Ordinal));
        return isFirst[true].FirstOrDefault()?.Split(' ') is [_, string seed, (Group or Stream) and string kind]
            ? new(ulong.Parse(seed, CultureInfo.InvariantCulture), TraceFile.Parse(isFirst[false]), kind == Group)
            : throw new FormatException("A trace for chunks needs a line such as 'chunks 17 group'.");
    }

    /// <summary>A trace as lines of text.</summary>
    public static IEnumerable<string> Lines(ChunkTrace trace) =>
        [$"chunks {trace.Seed} {(trace.IsGroup ? Group : Stream)}", .. TraceFile.Lines(trace.Original)];
}
