// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Help;

/// <summary>What a description of a command consists of.</summary>
/// <param name="Summary">Its first sentence, without a line break.</param>
/// <param name="Details">All of it but the example.</param>
/// <param name="Example">A line for a shell; empty: none.</param>
internal readonly record struct HelpText(string Summary, string Details, string Example)
{
    private const string BeforeExample = "Example: ";

    /// <summary>Takes a description apart.</summary>
    public static HelpText Split(string description)
    {
        int example = description.IndexOf(BeforeExample, StringComparison.Ordinal);
        string details = (example < 0 ? description : description[..example]).Trim();
        int end = details.IndexOf(". ", StringComparison.Ordinal);
        return new(
            (end < 0 ? details : details[..(end + 1)]).ReplaceLineEndings(" "),
            details,
            example < 0 ? "" : description[(example + BeforeExample.Length)..].Trim());
    }
}
