// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Spead2.Tools.Output;

/// <summary>
/// Text as it may be shown: senders choose names, descriptions and values, and must not choose what a terminal does.
/// </summary>
internal static class Printable
{
    private const int LargestByte = 0xff;

    /// <summary>
    /// The text with an escape (<c>\x1b</c>, <c>\u202e</c>, <c>\U000e0001</c>) in the place of each control character,
    /// of each character that changes how others are shown, such as those that turn the direction of writing, and of
    /// each line or paragraph separator. Half a surrogate pair becomes U+FFFD. Text that is printable already, also
    /// what this method returns, stays as it is.
    /// </summary>
    public static string Of(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        StringBuilder printable = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsObeyed(Rune.GetUnicodeCategory(rune)))
            {
                AppendEscape(printable, rune.Value);
            }
            else
            {
                printable.Append(rune.ToString());
            }
        }

        return printable.ToString();
    }

    private static bool IsObeyed(UnicodeCategory category) => category
        is UnicodeCategory.Control
        or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator;

    private static void AppendEscape(StringBuilder text, int code) => _ = code switch
    {
        <= LargestByte => text.Append(CultureInfo.InvariantCulture, $"\\x{code:x2}"),
        <= char.MaxValue => text.Append(CultureInfo.InvariantCulture, $"\\u{code:x4}"),
        _ => text.Append(CultureInfo.InvariantCulture, $"\\U{code:x8}"),
    };
}
