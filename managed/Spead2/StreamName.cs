// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2;

/// <summary>The name that a program gives a stream, so that people can tell its streams apart.</summary>
internal static class StreamName
{
    /// <summary>Name of a stream that was given none.</summary>
    public const string Default = "default";

    /// <summary>Most characters of a name.</summary>
    public const int MaxLength = 64;

    /// <summary>The fault of an option, if it is not a name.</summary>
    public static IEnumerable<OptionFault> Faults(string? name, string option)
    {
        if (name is null)
        {
            yield return OptionFault.Null(option);
        }
        else if (name.Length is 0 or > MaxLength || name.Any(character => !char.IsAscii(character) || char.IsControl(character)))
        {
            yield return OptionFault.Of(option, $"{option} must be 1 to {MaxLength} printable ASCII characters.");
        }
    }
}
