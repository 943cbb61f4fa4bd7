// SPDX-License-Identifier: MIT

using System.Numerics;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>Types of NumPy that .NET has no number for: x86's floats of 80 bits, times and lengths of time.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ExtendedAndTimeTests : IDisposable
{
    private readonly ItemGroup _items = new();

    public void Dispose() => _items.Dispose();

    // Bytes in the order of x86, and what it makes of them when it stores a double.
    [TestCase("0000000000000080ff3f", 1.0)]
    [TestCase("000000000000008000c0", -2.0)]
    [TestCase("00000000000000000080", -0.0)]
    [TestCase("0000000000000080ff7f", double.PositiveInfinity)]
    [TestCase("0000000000000080ffff", double.NegativeInfinity)]
    [TestCase("00000000000000c0ff7f", double.NaN)]
    [TestCase("0000000000000000ff7f", double.NaN)]
    [TestCase("0000000000000040ff3f", double.NaN)]
    [TestCase("fffffffffffffffffe7f", double.PositiveInfinity)]
    [TestCase("00f8fffffffffffffe43", double.MaxValue)]
    [TestCase("00fcfffffffffffffe43", double.PositiveInfinity)]
    [TestCase("fffbfffffffffffffe43", double.MaxValue)]
    [TestCase("0004000000000080ff3f", 1.0)]
    [TestCase("0104000000000080ff3f", 1.0000000000000002)]
    [TestCase("000c000000000080ff3f", 1.0000000000000004)]
    [TestCase("0000000000000080013c", 2.2250738585072014E-308)]
    [TestCase("0000000000000080cd3b", double.Epsilon)]
    [TestCase("0000000000000080cc3b", 0.0)]
    [TestCase("0100000000000080cc3b", double.Epsilon)]
    [TestCase("00000000000000c0cd3b", 2 * double.Epsilon)]
    [TestCase("ffffffffffffffff003c", 2.2250738585072014E-308)]
    [TestCase("0000000000000080cb3b", 0.0)]
    [TestCase("01000000000000000000", 0.0)]
    [TestCase("00000000000000800000", 0.0)]
    public void Float_of_80_bits_becomes_the_nearest_double(string hex, double expected)
    {
        byte[] little = [.. Convert.FromHexString(hex), .. new byte[6]];
        Item item = Receive("<f16", "(1,)", little);
        Item swapped = Receive(">f16", "(1,)", [.. little.Reverse()], id: 0x1001);

        Assert.That(item.ToScalar<double>(), Is.EqualTo(expected));
        Assert.That(double.IsNegative(item.ToScalar<double>()), Is.EqualTo(double.IsNegative(expected)));
        Assert.That(swapped.ToScalar<double>(), Is.EqualTo(expected));
        Assert.That(item.RawBytes.ToArray(), Is.EqualTo(little), "as sent");
    }

    [TestCase(0.1)]
    [TestCase(-0.0)]
    [TestCase(double.MaxValue)]
    [TestCase(double.Epsilon)]
    [TestCase(-3 * double.Epsilon)]
    [TestCase(double.NaN)]
    [TestCase(double.NegativeInfinity)]
    public void Every_double_is_written_as_80_bits_and_read_again(double value)
    {
        foreach (string type in (string[])["<f16", ">f16"])
        {
            Item item = _items.Add(ItemDescriptor.FromNumPy(0x1000, "x", "", new(2), ItemType.FromNumPy(type)));
            item.SetElements<double>([value, 1]);
            Assert.That(item.ToArray<double>(), Is.EqualTo(new[] { value, 1 }));
            item.SetValue(new[] { 1, value });
            Assert.That(item.Value.ToObject(), Is.EqualTo(new[] { 1, value }));
        }
    }

    [Test]
    public void Complex_of_two_80_bits_is_read()
    {
        Item item = _items.Add(ItemDescriptor.FromNumPy(
            0x1000, "x", "", new(2), ItemType.FromNumPy("[('n', '|u1'), ('z', '<c32', (2,))]")));
        item.SetValue(new object[]
        {
            new object[] { (byte)1, new Complex[] { new(1, 2), new(3, 4) } },
            new object[] { (byte)2, new Complex[] { new(5, 6), new(7, 8) } },
        });

        Assert.That(item.RawBytes.Length, Is.EqualTo(2 * 65));
        Assert.That(item.ToRecords()[1]["z"], Is.EqualTo(new Complex[] { new(5, 6), new(7, 8) }));
    }

    [TestCase("<M8[s]", 1_764_368_000L, "2025-11-28T22:13:20")]
    [TestCase("<M8[25s]", 2L, "1970-01-01T00:00:50")]
    [TestCase("<M8[Y]", 56L, "2026-01-01T00:00:00")]
    [TestCase("<M8[M]", -1L, "1969-12-01T00:00:00")]
    [TestCase("<M8[W]", 1L, "1970-01-08T00:00:00")]
    [TestCase("<M8[D]", -719_162L, "0001-01-01T00:00:00")]
    [TestCase("<M8[ns]", 1_000_000_100L, "1970-01-01T00:00:01.0000001")]
    [TestCase("<M8[fs]", 1_000_000_000_000_000L, "1970-01-01T00:00:01")]
    public void Time_is_a_date(string type, long count, string expected)
    {
        Item item = Receive(type, "()", BitConverter.GetBytes(count));
        DateTime time = DateTime.Parse(
            expected, null, System.Globalization.DateTimeStyles.AdjustToUniversal
                | System.Globalization.DateTimeStyles.AssumeUniversal);

        Assert.That(item.Value.ToObject(), Is.EqualTo(time));
        Assert.That(item.ToScalar<DateTime>(), Is.EqualTo(time));
        Assert.That(item.ToScalar<DateTime>().Kind, Is.EqualTo(DateTimeKind.Utc));
        Assert.That(item.ToScalar<long>(), Is.EqualTo(count));
        Assert.That(item.Value.ToString(), Is.EqualTo(expected));
        item.SetValue(time);
        Assert.That(item.ToNumber<long>(), Is.EqualTo(count), "written");
    }

    [TestCase("<M8[ns]", 1L)]
    [TestCase("<M8[D]", -719_163L)]
    [TestCase("<M8[Y]", 8030L)]
    [TestCase("<M8[s]", long.MinValue)]
    [TestCase("<M8", 5L)]
    [TestCase("<m8[ns]", 150L)]
    [TestCase("<m8[Y]", 1L)]
    [TestCase("<m8[W]", long.MaxValue)]
    [TestCase("<m8", 5L)]
    public void Time_that_net_has_not_is_a_number(string type, long count)
    {
        Item item = Receive(type, "(2,)", [.. new byte[8], .. BitConverter.GetBytes(count)]);

        Assert.That(item.Value.ToObject(), Is.EqualTo(new[] { 0, count }));
        Assert.That(item.AsSpan<long>()[1], Is.EqualTo(count));
        Assert.That(() => item.ToArray<DateTime>(), type[1] == 'M'
            ? Throws.InstanceOf<OverflowException>().With.Message.Contains("of the unit '")
            : Throws.InstanceOf<InvalidCastException>());
        Assert.That(() => item.AsSpan<TimeSpan>(), type[1] == 'm'
            ? Throws.InstanceOf<OverflowException>()
            : Throws.InstanceOf<InvalidCastException>());
    }

    [Test]
    public void Lengths_of_time_are_read_in_place_and_converted()
    {
        Item item = Receive(">m8[us]", "(2,)", Convert.FromHexString("0000000000000001ffffffffffffffff"));

        Assert.That(item.Type.TimeUnit, Is.EqualTo("us"));
        Assert.That(item.ToArray<TimeSpan>(), Is.EqualTo(new[] { new TimeSpan(10), new TimeSpan(-10) }));
        Assert.That(item.Value.ToObject(), Is.EqualTo(new[] { new TimeSpan(10), new TimeSpan(-10) }));
        Assert.That(item.AsSpan<long>(ByteOrder.AsSent)[0], Is.EqualTo(1L << 56));
        Assert.That(() => item.SetValue(new[] { new TimeSpan(15), default }), Throws.ArgumentException);
    }

    private Item Receive(string type, string shape, byte[] value, int id = 0x1000)
    {
        HeapToSend heap = new();
        heap.AddDescriptor(RawDescriptor.Encode(
            id, $"x{id}", dtype: $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}}}"));
        heap.AddItem(id, value, allowImmediate: false);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);
        Assert.That(_items.Update(received).Failed, Is.Empty);
        return _items[id];
    }
}
