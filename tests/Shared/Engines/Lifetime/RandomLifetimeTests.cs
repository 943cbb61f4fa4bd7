// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Testing.Engines;

/// <summary>Threads do at random what users may do; only exceptions that the documentation names come of it.</summary>
[NonParallelizable]
public sealed class RandomLifetimeTests
{
    private const string StepsVariable = "SPEAD2_TORTURE_STEPS";
    private const int DefaultSteps = 5000;
    private const int Threads = 4;

    // For as many steps as the environment may ask for; a test run of the default needs seconds.
    private static readonly TimeSpan TimePerStep = TimeSpan.FromMilliseconds(20);

    [Test]
    public async Task Random_use_by_several_threads_breaks_nothing_and_leaves_nothing()
    {
        int steps = int.TryParse(
            Environment.GetEnvironmentVariable(StepsVariable), CultureInfo.InvariantCulture, out int given)
            ? given
            : DefaultSteps;
        Random random = Seeded.Random();
        int[] seeds = [.. Enumerable.Range(0, Threads).Select(_ => random.Next())];
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        using (RandomLife life = new())
        {
            await Task.WhenAll(seeds.Select(seed => Task.Factory.StartNew(
                () => life.Run(seed, steps), TaskCreationOptions.LongRunning).Unwrap()))
                .WaitAsync(Poll.Deadline + (steps * TimePerStep));
            life.End();
            TestContext.Out.WriteLine($"{Threads} threads, {steps} steps each, {life.HeapsRead} looks at heaps.");
            Assert.That(life.HeapsRead, Is.Not.Zero);
        }

        before.AwaitAgain();
    }
}
