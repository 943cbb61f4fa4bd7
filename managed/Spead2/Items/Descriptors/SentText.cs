// SPDX-License-Identifier: MIT

using System.Text;
using System.Text.Unicode;

namespace Spead2.Items.Descriptors;

/// <summary>Texts of heaps, whatever encoding the sender has.</summary>
internal static class SentText
{
    /// <summary>The encoding that the bytes are taken to have.</summary>
    public static TextEncoding EncodingOf(ReadOnlySpan<byte> bytes) =>
        Ascii.IsValid(bytes) ? TextEncoding.Ascii
        : Utf8.IsValid(bytes) ? TextEncoding.Utf8
        : TextEncoding.Latin1;

    /// <summary>What decodes it.</summary>
    public static Encoding Decoder(TextEncoding encoding) => encoding switch
    {
        TextEncoding.Ascii => Encoding.ASCII,
        TextEncoding.Utf8 => Encoding.UTF8,
        _ => Encoding.Latin1,
    };

    /// <summary>Reads a text. It never fails.</summary>
    public static string Read(ReadOnlySpan<byte> bytes) => Decoder(EncodingOf(bytes)).GetString(bytes);
}
