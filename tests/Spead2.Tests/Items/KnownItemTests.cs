// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Send;
using Spead2.Testing.Vectors;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>
/// Items that a program describes and sets become the packets of the vectors, and typed values of them come back.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KnownItemTests : IDisposable
{
    private readonly ItemGroup _items = new();
    private readonly ItemGroup _received = new();

    public void Dispose()
    {
        _items.Dispose();
        _received.Dispose();
    }

    [Test]
    public void V08_array_with_a_NumPy_header()
    {
        Item gain = _items.Add(ItemDescriptor.FromNumPy(
            0x1800, "gain", "per-channel gain", new(3, 2), ItemType.FromNumPy("<i2")));
        gain.SetElements<short>([1, -2, 300, -400, 5000, -6000]);
        Send("V08", 0x77, Packets.Flavour48);

        Item item = _received["gain"];
        Assert.That(item.AsSpan<short>().ToArray(), Is.EqualTo(new[] { 1, -2, 300, -400, 5000, -6000 }));
        Assert.That(item.AsTensor<short>()[2, 1], Is.EqualTo(-6000));
        Assert.That(item.Version, Is.EqualTo(3));
    }

    [Test]
    public void V09_integers_of_48_bits()
    {
        _items.Add(ItemDescriptor.FromFormat(0x1801, "ticks", "", ItemShape.Scalar, new FormatField('u', 48)))
            .SetValue(0xC0FFEE123456);
        _items.Add(ItemDescriptor.FromFormat(0x1802, "delta", "", ItemShape.Scalar, new FormatField('i', 48)))
            .SetValue(-69269533346730);
        Send("V09", 3, Packets.Flavour48);

        Assert.That(_received["ticks"].ToScalar<ulong>(), Is.EqualTo(0xC0FFEE123456));
        Assert.That(_received["delta"].ToScalar<long>(), Is.EqualTo(-69269533346730));
        Assert.That(_received["delta"].ToNumber<double>(), Is.EqualTo(-69269533346730.0));
    }

    [Test]
    public void V10_integers_of_10_bits()
    {
        _items.Add(ItemDescriptor.FromFormat(0x4001, "adc", "", ItemShape.Vector, new FormatField('u', 10)))
            .SetElements<ushort>([1023, 1, 682, 341]);
        Send("V10", 4, Packets.Flavour48);

        Assert.That(_received["adc"].AsSpan<ushort>().ToArray(), Is.EqualTo(new[] { 1023, 1, 682, 341 }));
        Assert.That(_received["adc"].Shape, Is.EqualTo(new ItemShape(4)));
    }

    [Test]
    public void V12_text()
    {
        _items.Add(ItemDescriptor.FromFormat(0x4003, "msg", "", ItemShape.Vector, new FormatField('c', 8)))
            .SetValue("hello SPEAD");
        Send("V12", 6, Packets.Flavour48);

        Assert.That(_received["msg"].ToText(), Is.EqualTo("hello SPEAD"));
        Assert.That(_received["msg"].AsSpan<byte>().SequenceEqual("hello SPEAD"u8), Is.True);
    }

    [Test]
    public void V13_descriptor_of_PySPEAD()
    {
        _items.Add(ItemDescriptor.FromFormat(0x4004, "arr", "", ItemShape.Vector, new FormatField('u', 16)))
            .SetValue(new ushort[] { 1, 2, 3 });
        Send("V13", 8, new Flavour(48, BugCompat.PySpead052));

        Assert.That(_received["arr"].ToArray<ushort>(), Is.EqualTo(new[] { 1, 2, 3 }));
    }

    private void Send(string tag, ulong cnt, Flavour flavour)
    {
        List<byte[]> packets = Packets.Encode(new HeapGenerator(_items, flavour).Next(), cnt, flavour);
        ItemVector vector = (ItemVector)ItemVector.All.Select(data => data.Arguments[0]!)
            .First(vector => ((ItemVector)vector).Name.StartsWith(tag, StringComparison.Ordinal));
        Assert.That(packets, Is.EqualTo(vector.Packets));

        using Heap heap = PacketHeap.Of(packets, flavour.BugCompat);
        _received.Update(heap);
    }
}
