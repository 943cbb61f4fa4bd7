// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>The C core and C# find the same periods.</summary>
public sealed unsafe class LossPeriodOfCoreTests
{
    private const int Runs = 300;

    [Test]
    public void Core_and_dotnet_find_the_same_periods()
    {
        Random random = new(TestContext.CurrentContext.Random.Next());
        int found = 0;
        for (int run = 0; run < Runs; run++)
        {
            LossSecond[] seconds = new LossSecond[random.Next(LossSecond.MostRemembered + 1)];
            double period = 2 + (random.NextDouble() * 60);
            for (double at = random.NextDouble() * period; at < seconds.Length; at += period)
            {
                seconds[(int)at] = seconds[(int)at] with { HeapsMissing = random.Next(6), KernelDropMessages = random.Next(2) };
            }

            for (int i = random.Next(20); i > 0 && seconds.Length > 0; i--)
            {
                seconds[random.Next(seconds.Length)] = new LossSecond { HeapsIncomplete = 1, HeapsMissing = 1 };
            }

            LossPeriod? dotnet = LossPeriod.Find(seconds);
            found += dotnet is null ? 0 : 1;
            Assert.That(OfCore(seconds), Is.EqualTo(dotnet), $"run {run}");
        }

        Assert.That(found, Is.GreaterThan(Runs / 4));
    }

    private static LossPeriod? OfCore(LossSecond[] seconds)
    {
        sp2_loss_second[] native =
        [
            .. seconds.Select(second => new sp2_loss_second
            {
                kernel_drop_messages = (ulong)second.KernelDropMessages,
                heaps_missing = (ulong)second.HeapsMissing,
                heaps_incomplete = (ulong)second.HeapsIncomplete,
            }),
        ];
        sp2_loss_period period = new() { size = (uint)sizeof(sp2_loss_period) };
        fixed (sp2_loss_second* first = native)
        {
            int status = NativeMethods.sp2_find_loss_period(first, (uint)native.Length, &period);
            return status == (int)sp2_status.SP2_E_EMPTY
                ? null
                : new(
                    (LossCause)period.cause,
                    TimeSpan.FromMilliseconds(period.period_ms),
                    period.confidence_percent / 100.0,
                    (int)period.losses);
        }
    }
}
