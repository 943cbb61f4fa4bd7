// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Differential;

/// <summary>
/// Traces as text, one packet per line, and as files for `spead2 recv`. In the text, a line that starts with # means
/// nothing; the others start with <c>options</c>, <c>feed</c> or <c>packet</c>.
/// </summary>
internal static class TraceFile
{
    /// <summary>Reads a trace from text.</summary>
    /// <exception cref="FormatException">A line cannot be understood.</exception>
    public static Trace Read(string path) => Parse(File.ReadLines(path));

    /// <summary>Reads a trace from lines of text.</summary>
    /// <exception cref="FormatException">A line cannot be understood.</exception>
    public static Trace Parse(IEnumerable<string> lines)
    {
        var trace = new Trace(new TraceOptions(), Feed.Datagrams, []);
        foreach (string line in lines)
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            trace = words.FirstOrDefault("#") switch
            {
                "options" => trace with { Options = TraceOptions.Parse(words[1..]) },
                "feed" => trace with { Feed = Enum.Parse<Feed>(words[1], ignoreCase: true) },
                "packet" => trace with
                {
                    Packets = [.. trace.Packets, Convert.FromHexString(string.Concat(words[1..]))],
                },
                ['#', ..] => trace,
                _ => throw new FormatException($"The line '{line}' of a trace cannot be understood."),
            };
        }

        return trace;
    }

    /// <summary>Writes a trace as text.</summary>
    /// <param name="path">The file.</param>
    /// <param name="trace">The trace.</param>
    /// <param name="comment">Lines that say what it is about.</param>
    public static void Write(string path, Trace trace, IEnumerable<string> comment) => File.WriteAllLines(
        path,
        [.. comment.Select(line => $"# {line}"), .. Lines(trace)]);

    /// <summary>A trace as lines of text.</summary>
    public static IEnumerable<string> Lines(Trace trace) =>
    [
        $"options {trace.Options}".TrimEnd(),
        trace.Feed == Feed.Datagrams ? "feed datagrams" : "feed buffer",
        .. trace.Packets.Select(packet => $"packet {Hex(packet)}".TrimEnd()),
    ];

    /// <summary>Writes the packets for `spead2 recv`.</summary>
    /// <returns>The command that reads them.</returns>
    public static string WriteForCommand(string path, Trace trace)
    {
        bool isBuffer = trace.Feed == Feed.Buffer;
        File.WriteAllBytes(path, isBuffer ? trace.Joined : [.. trace.Packets.SelectMany(BehindItsLength)]);
        return $"spead2 recv {(isBuffer ? "--file" : "--packets")} {path} {trace.Options.CommandLine}".TrimEnd();
    }

    // In words of 8 bytes, as most of a packet is made.
    private static string Hex(byte[] bytes) =>
        string.Join(' ', bytes.Chunk(sizeof(ulong)).Select(Convert.ToHexStringLower));

    private static byte[] BehindItsLength(byte[] datagram)
    {
        byte[] bytes = new byte[sizeof(uint) + datagram.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)datagram.Length);
        datagram.CopyTo(bytes, sizeof(uint));
        return bytes;
    }
}
