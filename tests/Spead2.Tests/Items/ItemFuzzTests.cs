// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;
using Spead2.Fuzz.Items;

namespace Spead2.Tests.Items;

/// <summary>A small part of what tests/Shared/Spead2.Fuzz runs, and what it has found before.</summary>
[TestFixture]
public sealed class ItemFuzzTests
{
    private const int Cases = 20_000;

    [Test]
    public void Random_and_mutated_heaps_give_values_or_documented_exceptions()
    {
        long seed = long.TryParse(
            Environment.GetEnvironmentVariable("SPEAD2_TEST_SEED"), CultureInfo.InvariantCulture, out long given)
            ? given
            : Random.Shared.Next();
        TestContext.Out.WriteLine($"SPEAD2_TEST_SEED={seed}");
        var fuzz = new ItemFuzz(seed);

        fuzz.Run(first: 0, Cases, casesPerUpdate: Cases, _ => { });

        TestContext.Out.WriteLine(fuzz.Tally);
        Assert.That(fuzz.Findings, Is.Empty);
        Assert.That(fuzz.Tally.HeapsAccepted, Is.GreaterThan(Cases / 10), "the input is not all nonsense");
        Assert.That(fuzz.Tally.HeapsRefused, Is.GreaterThan(Cases / 10), "the input is not all right");
        Assert.That(fuzz.Tally.Values, Is.GreaterThan(Cases / 10));
    }

    [Test]
    public void Text_of_an_enormous_integer_is_short_and_soon_there()
    {
        // In decimal digits it would take minutes: a heap of a few megabytes would stop a program that prints values.
        const int bits = 8 << 20;
        var descriptor = ItemDescriptor.FromFormat(0x1000, "big", "", ItemShape.Scalar, new FormatField('u', bits));
        byte[] value = new byte[bits / 8];
        value.AsSpan().Fill(0xa5);
        using var group = new ItemGroup();
        using (var heap = FuzzHeap.Create(
            [new(ItemId.Descriptor, 0, descriptor.Encode(default)), new(0x1000, 0, value)], default))
        {
            group.Update(heap);
        }

        Assert.That(group["big"].Value.ToString(), Is.EqualTo("0x0a5a5a5a5a5a5a5a5…"));
    }

    [TestCase('u', 8 << 20)]
    [TestCase('i', (8 << 20) + 3)]
    public void Enormous_integer_is_written_without_copying_it_for_each_word(char code, int bits)
    {
        // A copy of a mebibyte for each of its 131,072 words is 128 GiB.
        const long mostBytes = 32 << 20;
        var descriptor = ItemDescriptor.FromFormat(0x1000, "big", "", ItemShape.Scalar, new FormatField(code, bits));
        using var group = new ItemGroup();
        Item item = group.Add(descriptor);
        BigInteger value = (BigInteger.One << (bits - 2)) + 12345;
        value = code == 'i' ? -value : value;

        long before = GC.GetAllocatedBytesForCurrentThread();
        item.SetValue(value);
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(item.Value.ToObject(), Is.EqualTo(value));
        Assert.That(bytes, Is.LessThan(mostBytes));
    }
}
