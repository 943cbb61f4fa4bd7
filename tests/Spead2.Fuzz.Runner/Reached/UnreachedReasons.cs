// SPDX-License-Identifier: MIT

namespace Spead2.Fuzz.Runner.Reached;

/// <summary>Why no input reaches some lines.</summary>
internal sealed class UnreachedReasons
{
    private const string Unknown = "not known: a longer run may reach it";
    private readonly string[][] _known;

    private UnreachedReasons(IEnumerable<string> lines) =>
        _known = [.. lines.Where(line => !line.StartsWith('#')).Select(line => line.Split(" | "))];

    /// <summary>The checked-in file: end of the file's name | start of the line | why.</summary>
    public const string File = "native/fuzz/unreached.txt";

    /// <summary>Reads the lines of that file.</summary>
    public static UnreachedReasons Parse(IEnumerable<string> lines) => new(lines);

    /// <summary>The reason for one line.</summary>
    public string Of(string file, string text) => _known.FirstOrDefault(
        entry => file.EndsWith(entry[0], StringComparison.Ordinal) && text.StartsWith(entry[1], StringComparison.Ordinal))?[2]
        ?? Unknown;
}
