// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Send;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>Streams without descriptors, whose items a preset knows.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StreamPresetTests : IDisposable
{
    private readonly ItemGroup _items = new();

    public void Dispose() => _items.Dispose();

    [Test]
    public void Presets_have_the_layouts_of_their_streams()
    {
        string[] expected =
        [
            "digitiser 0x1600 4096 0x3101",
            "0x1600 'timestamp': bits:u48 ()",
            "0x3101 'digitiser_id': bits:u48 ()",
            "0x3102 'digitiser_status': bits:u48 ()",
            "0x3300 'raw_data': bits:i10 (?,)",
            "fengine 0x1600  0x4101",
            "0x1600 'timestamp': bits:u48 ()",
            "0x4101 'feng_id': bits:u48 ()",
            "0x4103 'frequency': bits:u48 ()",
            "0x4300 'feng_raw': |i1 (?, 2, 2)",
            "xengine 0x1600  0x4103",
            "0x1600 'timestamp': bits:u48 ()",
            "0x4103 'frequency': bits:u48 ()",
            "0x1800 'xeng_raw': >i4 (?, 2)",
            "ska-low-sps 0x1 1 0x3000",
            "0x3010 'scan_id': bits:u48 ()",
            "0x3000 'channel_info': [('', '|V2'), ('beam_id', '>u2'), ('frequency_id', '>u2')] ()",
            "0x3001 'antenna_info': "
                + "[('substation_id', '|u1'), ('subarray_id', '|u1'), ('station_id', '>u2'), ('', '|V2')] ()",
            "0x3300 'payload_offset': bits:u48 ()",
            "0x3301 'samples': |i1 (?, 2, 2)",
        ];

        IEnumerable<string> actual = StreamPreset.All.SelectMany(preset => preset.Items
            .Select(item => item.Descriptor.ToString())
            .Prepend($"{preset} 0x{preset.TimeId:x} {preset.Step} 0x{preset.SetId:x}"));

        Assert.That(actual, Is.EqualTo(expected));
        Assert.That(
            StreamPreset.FEngine.Items[^1].Descriptor.Description,
            Is.EqualTo("voltages; axes: channel x sample, polarisation, real and imaginary"));
    }

    [TestCase("fengine", "(3, 2, 2)")]
    [TestCase("fengine:channel=1", "(1, 3, 2, 2)")]
    [TestCase("fengine:sample=3", "(1, 3, 2, 2)")]
    [TestCase("fengine:channel=1,sample=3", "(1, 3, 2, 2)")]
    public void Values_without_descriptors_have_names_and_shapes(string preset, string shape)
    {
        _items.Add(StreamPreset.Parse(preset));
        HeapToSend heap = new();
        heap.AddImmediate(0x1600, 0x123456789abc);
        heap.AddImmediate(0x4101, 7);
        heap.AddImmediate(0x4103, 256);
        heap.AddItem(0x4300, Enumerable.Range(-6, 12).Select(i => (byte)i).ToArray(), allowImmediate: false);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);

        UpdatedItems updated = _items.Update(received);

        Assert.That(updated.Failed, Is.Empty);
        Assert.That(_items["timestamp"].ToScalar<ulong>(), Is.EqualTo(0x123456789abc));
        Assert.That(_items["feng_id"].ToNumber<int>(), Is.EqualTo(7));
        Assert.That(_items["frequency"].ToNumber<int>(), Is.EqualTo(256));
        Assert.That(_items["feng_raw"].Shape.ToString(), Is.EqualTo(shape));
        Assert.That(_items["feng_raw"].ToArray<sbyte>(), Is.EqualTo(Enumerable.Range(-6, 12)));
    }

    [Test]
    public void Fields_of_an_immediate_have_names()
    {
        _items.Add(StreamPreset.SkaLowSps);
        HeapToSend heap = new();
        heap.AddImmediate(0x3000, 0x0000_0040_0159);
        heap.AddImmediate(0x3001, 0x0203_0101_0000);
        heap.AddItem(0x3301, new byte[] { 1, 0xff, 2, 0xfe }, allowImmediate: false);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);

        Assert.That(_items.Update(received).Failed, Is.Empty);
        Assert.That(_items["channel_info"].Value.ToString(), Is.EqualTo("(beam_id: 64, frequency_id: 345)"));
        Assert.That(
            _items["antenna_info"].Value.ToString(),
            Is.EqualTo("(substation_id: 2, subarray_id: 3, station_id: 257)"));
        Assert.That(_items["samples"].AsTensor<sbyte>()[0, 1, 1], Is.EqualTo(-2));
    }

    [Test]
    public void Samples_of_the_digitiser_are_packed()
    {
        _items.Add(StreamPreset.Digitiser);
        HeapToSend heap = new();
        heap.AddItem(0x3300, new byte[] { 0x7f, 0xe0, 0x0f, 0xff, 0x01 }, allowImmediate: false);
        using Heap received = PacketHeap.Of(heap, Packets.Flavour48);

        _items.Update(received);

        Assert.That(_items["raw_data"].ToArray<short>(), Is.EqualTo(new short[] { 511, -512, -1, -255 }));
    }

    [TestCase("fpga", "There is no preset 'fpga'; there are digitiser, fengine, xengine, ska-low-sps.")]
    [TestCase("fengine:channel", "'channel' is no length of an axis")]
    [TestCase("fengine:channel=-1", "'channel=-1' is no length of an axis")]
    [TestCase("fengine:channel=5000000000", "'channel=5000000000' is no length of an axis, as channel=128 is; it is from 1 to 2147483647.")]
    [TestCase("fengine:channel=0", "'channel=0' is no length")]
    [TestCase("fengine:polarisation=1", "no axis 'polarisation' whose length is open; it has channel, sample.")]
    [TestCase("xengine:", "'' is no length of an axis")]
    public void Wrong_preset_is_refused_and_the_right_ones_are_named(string text, string message) =>
        Assert.That(() => StreamPreset.Parse(text), Throws.InstanceOf<ArgumentException>().With.Message.Contains(message));
}
