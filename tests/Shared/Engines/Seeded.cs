// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Testing.Engines;

/// <summary>Random numbers that can be had again.</summary>
internal static class Seeded
{
    private const string Variable = "SPEAD2_TEST_SEED";

    /// <summary>Numbers from the seed that the environment sets, else from a new one; says which.</summary>
    public static Random Random()
    {
        ulong seed = ulong.TryParse(
            Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out ulong given)
            ? given
            : (ulong)System.Random.Shared.Next();
        TestContext.Out.WriteLine($"{Variable}={seed}");
        return new((int)(seed % int.MaxValue));
    }
}
