// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed.Tests;

public sealed unsafe class CopyTests
{
    [Test]
    public void Copy_past_the_caches_copies_every_byte_and_no_other()
    {
        Random random = Seeded.Random();
        byte[] source = GC.AllocateArray<byte>(20_000, pinned: true);
        byte[] destination = GC.AllocateArray<byte>(20_200, pinned: true);
        random.NextBytes(source);
        for (int i = 0; i < 2000; i++)
        {
            int from = random.Next(100);
            int to = random.Next(100);
            int length = random.Next(i % 2 == 0 ? 300 : 19_000);
            Array.Fill(destination, (byte)0xa5);
            fixed (byte* first = destination)
            {
                NonTemporalCopy.Copy(source.AsSpan(from, length), first + to);
            }

            Assert.That(destination.AsSpan(to, length).SequenceEqual(source.AsSpan(from, length)), Is.True);
            Assert.That(destination.AsSpan(0, to).IndexOfAnyExcept((byte)0xa5), Is.EqualTo(-1));
            Assert.That(destination.AsSpan(to + length).IndexOfAnyExcept((byte)0xa5), Is.EqualTo(-1));
        }
    }

    [Test]
    public void Method_says_which_blocks_are_copied_by_non_temporal_stores()
    {
        Assume.That(NonTemporalCopy.IsSupported, "There are no non-temporal stores for this processor.");
        PayloadCopy copy = new(EngineLog.For(null), []);
        Assert.That(copy.Method, Is.EqualTo(CopyMethod.Default));
        bool[] Choices(CopyMethod method)
        {
            copy.Method = method;
            return [copy.Chooses(isFar: false), copy.Chooses(isFar: true)];
        }

        Assert.That(Choices(CopyMethod.Standard), Is.EqualTo([false, false]));
        Assert.That(Choices(CopyMethod.NonTemporal), Is.EqualTo([true, true]));
        Assert.That(Choices(CopyMethod.Auto), Is.EqualTo([false, true]));
        Assert.That(Choices(CopyMethod.Default), Is.EqualTo([false, true]));
    }

    [Test]
    public void Every_method_gives_the_same_heaps([Values] CopyMethod method)
    {
        using ManagedReceiveStream stream = new() { CopyMethod = method };
        stream.AddDatagramReader(Packets.OfHeaps(50, size: 30_000));
        for (ulong cnt = 1; cnt <= 50; cnt++)
        {
            using Heap heap = stream.Read();
            Assert.That(heap.Payload.Span.SequenceEqual(Packets.Content(cnt, 30_000)), Is.True);
        }
    }
}
