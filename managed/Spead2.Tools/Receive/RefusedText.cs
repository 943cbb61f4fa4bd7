// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>What the first refused datagram of a cause was, in a line.</summary>
internal static class RefusedText
{
    // Enough for the header and the first item pointer, or for the first words of another protocol.
    private const int MostBytes = 16;

    /// <summary>
    /// For example <c>The first datagram refused as malformed_magic: 8 bytes from 10.0.0.1:4321 at 12:00:01.123Z:
    /// 52 04 02 … "R\x04\x02</c>.
    /// </summary>
    /// <param name="datagram">The datagram, or the bytes.</param>
    /// <param name="isBytestream">Whether it is bytes between packets.</param>
    public static string Of(RefusedDatagram datagram, bool isBytestream = false)
    {
        // When a file was read says nothing.
        string from = datagram.Sender is null ? ""
            : string.Create(CultureInfo.InvariantCulture, $" from {datagram.Sender} at {datagram.Time:HH:mm:ss.fff}Z");
        return $"The first {(isBytestream ? "bytes" : "datagram")} refused as {Name(datagram.Cause)}: {Length(datagram)}{from}: {FirstBytes(datagram)}";
    }

    /// <summary>For example <c>8 bytes, malformed_magic: 52 04 02 … "R\x04\x02"</c>.</summary>
    public static string ContentOf(RefusedDatagram datagram) =>
        $"{Length(datagram)}, {Name(datagram.Cause)}: {FirstBytes(datagram)}";

    private static string Length(RefusedDatagram datagram) =>
        string.Create(CultureInfo.InvariantCulture, $"{datagram.Length} bytes");

    private static string FirstBytes(RefusedDatagram datagram)
    {
        ReadOnlySpan<byte> bytes = datagram.FirstBytes.AsSpan(..Math.Min(datagram.FirstBytes.Length, MostBytes));
        string rest = bytes.Length < datagram.Length ? " …" : "";
        string hex = string.Join(' ', Convert.ToHexStringLower(bytes).Chunk(2).Select(pair => new string(pair)));
        string text = Printable.Of(Encoding.Latin1.GetString(bytes));
        return $"{hex}{rest} \"{text}\"";
    }

    /// <summary>The statistic that counts the cause.</summary>
    internal static string Name(RefusalCause cause)
    {
        string words = string.Concat(
            $"{cause}".Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
        return cause < RefusalCause.SizeMismatch ? $"malformed_{words}" : words;
    }
}
