// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Diagnosis;

/// <summary>Files in which the kernel says what is so, and which of them may not be read.</summary>
internal sealed class SystemFiles
{
    private readonly SortedSet<string> _refused = new(StringComparer.Ordinal);

    /// <summary>Those that are there, but may not be read.</summary>
    public IReadOnlyCollection<string> Refused => _refused;

    /// <summary>The lines of a file; none if it is not there or may not be read.</summary>
    public IReadOnlyList<string> Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _refused.Add(path);
            return [];
        }
    }

    /// <summary>The first line; null if there is none.</summary>
    public string? Line(string path) => Lines(path) is [var line, ..] ? line.Trim() : null;

    /// <summary>A whole number in the first line; null if there is none.</summary>
    public long? Number(string path) =>
        long.TryParse(Line(path), System.Globalization.CultureInfo.InvariantCulture, out long value) ? value : null;
}
