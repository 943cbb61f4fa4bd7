// SPDX-License-Identifier: MIT

using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Spead2.Receive;
using Spead2.Testing.Items;
using Spead2.Testing.Vectors;

namespace Spead2.Interop.Tests.Items;

/// <summary>Items of heaps that the native core has received.</summary>
[NonParallelizable]
public sealed class NativeItemTests
{
    private const int Cases = 2000;

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

    [TestCaseSource(typeof(ItemVector), nameof(ItemVector.All))]
    public void Group_has_the_items_of_the_vector(ItemVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using ItemGroup items = new();
        using Heap heap = Receive(vector.Packets, vector.BugCompat);
        IReadOnlyList<FailedItem> failed = items.Update(heap).Failed;

        Assert.That(
            failed.Select(one => one.Id),
            Is.EqualTo(vector.Refused is { } refused ? [refused.Id] : Array.Empty<long?>()));
        Assert.That(failed.Select(one => one.Reason), Is.All.Contains(vector.Refused?.Value ?? ""));
        Assert.That(items.Where(item => item.Fault is null).Select(ExpectedValue.Of), Is.EqualTo(vector.Items));
    }

    [Test]
    public void Items_keep_native_memory_until_they_are_updated()
    {
        using RandomItemGroup sent = new(seed: 1);
        sent.Items.Add(ItemDescriptor.FromNumPy(100, "large", "", new(1 << 17), ItemType.FromNumPy("<f8")))
            .SetElements<double>(new double[1 << 17]);
        ulong before = EngineMemory.Bytes;
        ItemGroup items = new();
        using (Heap heap = Receive(sent.Packets(), sent.Flavour.BugCompat))
        {
            items.Update(heap);
        }

        Assert.That(EngineMemory.Bytes, Is.GreaterThanOrEqualTo(before + (1 << 20)));
        Assert.That(items["large"].AsSpan<double>().ContainsAnyExcept(0.0), Is.False);
        items.Dispose();
        Assert.That(EngineMemory.Bytes, Is.EqualTo(before));
    }

    private static void Check(int seed)
    {
        using RandomItemGroup sent = new(seed);
        using ItemGroup received = new();
        using (Heap heap = Receive(sent.Packets(), sent.Flavour.BugCompat))
        {
            received.Update(heap);
        }

        sent.AssertReceived(received);
    }

    private static Heap Receive(IReadOnlyList<byte[]> packets, BugCompat bugCompat)
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { BugCompat = bugCompat });
        stream.AddDatagramReader([.. packets]);
        return stream.Read();
    }
}
