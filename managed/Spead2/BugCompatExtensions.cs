// SPDX-License-Identifier: MIT

namespace Spead2;

internal static class BugCompatExtensions
{
    /// <summary>Whether a bit of the mask is not defined.</summary>
    public static bool HasUndefinedBits(this BugCompat value) => (value & ~BugCompat.PySpead052) != 0;

    /// <summary>Throws unless every bit of the mask is defined.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A bit is not defined.</exception>
    public static void ThrowIfUndefined(this BugCompat value, string parameterName)
    {
        if (value.HasUndefinedBits())
        {
            throw new ArgumentOutOfRangeException(
                parameterName,
                (int)value,
                $"{parameterName} must be a combination of the bits 1, 2 and 4.");
        }
    }
}
