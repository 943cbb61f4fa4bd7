// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Unicode;

namespace Spead2.Tools.Record;

/// <summary>
/// The index beside a capture: a line for each heap with its cnt, the time of its first packet in nanoseconds since 1970,
/// and where in the capture, before it was compressed, the record of that packet begins. Fields are decimal, with a blank
/// between them. The first line begins with #.
/// </summary>
internal static class IndexFile
{
    /// <summary>What its name ends in, behind that of the capture.</summary>
    public const string Extension = ".index";

    /// <summary>Most bytes of a line.</summary>
    public const int MostBytes = 3 * 21;

    /// <summary>What it begins with.</summary>
    public static ReadOnlySpan<byte> FirstLine => "# spead2 index 1: cnt time_ns offset\n"u8;

    /// <summary>Writes a line; gives how many bytes it has.</summary>
    public static int WriteLine(in HeapPlace heap, Span<byte> bytes)
    {
        _ = Utf8.TryWrite(
            bytes, CultureInfo.InvariantCulture, $"{heap.Cnt} {heap.TimeNs} {heap.Offset}\n", out int length);
        return length;
    }
}
