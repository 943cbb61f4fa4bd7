// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Output;

/// <summary>Text in a table.</summary>
/// <param name="Content">Any text; what is shown is <see cref="Printable"/>.</param>
/// <param name="Tone">What it means.</param>
internal readonly record struct Cell(string Content, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string content) => new(content);
}
