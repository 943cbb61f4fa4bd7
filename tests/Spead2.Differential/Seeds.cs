// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Differential;

/// <summary>Which seeds are run where nobody says it.</summary>
internal static class Seeds
{
    public const string Variable = "SPEAD2_TEST_SEED";

    public const ulong DefaultFirst = 1;

    public const int DefaultCount = 300;

    /// <summary>The first seed: that of the environment, or always the same one.</summary>
    public static ulong First =>
        ulong.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out ulong given)
            ? given
            : DefaultFirst;
}
