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
    public void Default_method_is_auto()
    {
        Assert.That(PayloadCopy.From(CopyMethod.Default), Is.EqualTo(PayloadCopy.From(CopyMethod.Auto)));
        Assert.That(PayloadCopy.From(CopyMethod.Standard), Is.EqualTo(ulong.MaxValue));
        Assert.That(
            PayloadCopy.From(CopyMethod.NonTemporal), Is.EqualTo(NonTemporalCopy.IsSupported ? 0 : ulong.MaxValue));
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
