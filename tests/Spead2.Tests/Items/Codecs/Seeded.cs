// SPDX-License-Identifier: MIT

using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace Spead2.Tests.Items.Codecs;

/// <summary>Random input that can be had again: the seed is printed, and SPEAD2_TEST_SEED sets it.</summary>
internal static class Seeded
{
    /// <summary>A source of random numbers.</summary>
    public static Random Random() => new((int)(Seed() % int.MaxValue));

    /// <summary>Checks a property of random values.</summary>
    public static void ForAll<T>(Gen<T> generator, int count, Action<T> check)
    {
        Config config = Config.QuickThrowOnFailure
            .WithMaxTest(count)
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(Seed()), FSharpOption<int>.None)));
        Prop.ForAll(generator.ToArbitrary(), check).Check(config);
    }

    private static ulong Seed()
    {
        ulong seed = ulong.TryParse(
            Environment.GetEnvironmentVariable("SPEAD2_TEST_SEED"), CultureInfo.InvariantCulture, out ulong given)
            ? given
            : (ulong)System.Random.Shared.NextInt64();
        TestContext.Out.WriteLine($"SPEAD2_TEST_SEED={seed}");
        return seed;
    }
}
