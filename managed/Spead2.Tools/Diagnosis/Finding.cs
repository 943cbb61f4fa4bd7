// SPDX-License-Identifier: MIT

using Spead2.Tools.Output;

namespace Spead2.Tools.Diagnosis;

/// <summary>Something that keeps packets from a receiver, or may.</summary>
/// <param name="Code">What kind of thing it is, for programs: <c>lo-down</c>.</param>
/// <param name="Tone">How bad it is: <see cref="Tone.Plain"/> is a hint only.</param>
/// <param name="Text">What is wrong, as sentences.</param>
/// <param name="Cure">The command that cures it.</param>
internal sealed record Finding(string Code, Tone Tone, string Text, string Cure)
{
    /// <summary>Whether it is more than a hint.</summary>
    public bool IsFault => Tone is Tone.Bad or Tone.Warning;

    /// <summary>In one line.</summary>
    public override string ToString() => $"{Text} Cure: {Cure}";
}
