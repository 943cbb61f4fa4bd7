// SPDX-License-Identifier: MIT

using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Spead2.Receive;
using Spead2.Testing.Items;

namespace Spead2.Tests.Items;

/// <summary>Random items are sent, received by the plainest of engines, and the same.</summary>
public sealed class RandomItemTests
{
    private const int Cases = 5000;

    [Test]
    public void Receiver_gets_the_items_that_were_sent()
    {
        ulong seed = ulong.TryParse(
            Environment.GetEnvironmentVariable("SPEAD2_TEST_SEED"), CultureInfo.InvariantCulture, out ulong given)
            ? given
            : (ulong)Random.Shared.NextInt64();
        TestContext.Out.WriteLine($"SPEAD2_TEST_SEED={seed}");
        Config config = Config.QuickThrowOnFailure
            .WithMaxTest(Cases)
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(seed), FSharpOption<int>.None)));
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), Check).Check(config);
    }

    private static void Check(int seed)
    {
        using RandomItemGroup sent = new(seed);
        using ItemGroup received = new();
        using (Heap heap = PacketHeap.Of(sent.Packets(), sent.Flavour.BugCompat))
        {
            received.Update(heap);
        }

        sent.AssertReceived(received);
    }
}
