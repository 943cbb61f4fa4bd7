// SPDX-License-Identifier: MIT

using Spead2.Chunks;

namespace Spead2.Tests.Chunks;

/// <summary>Options of chunks are checked before anything is made; messages name the option as it is called in C#.</summary>
public sealed class ChunkOptionsTests
{
    private static IEnumerable<TestCaseData> GroupFaults()
    {
        yield return Fault(options => options.MaxChunks = 0, "MaxChunks must be from 1 to 65536.");
        yield return Fault(options => options.Chunks = -1, "Chunks must be from 0 to 65536.");
        yield return Fault(options => options.Chunks = 2, "Chunks must be 0, or more than MaxChunks, which is 2.");
        yield return Fault(options => options.DataRingChunks = -1, "DataRingChunks must be from 0 to 65536.");
        yield return Fault(options => options.Members = 0, "Members must be from 1 to 65536.");
        yield return Fault(options => options.DataSize = 0, "DataSize must be from 1");
        yield return Fault(options => options.PresentSize = 0, "PresentSize must be from 1");
        yield return Fault(options => options.ExtraSize = -1, "ExtraSize must be from 0");
        yield return Fault(options => options.Shape = null!, "(Parameter 'Shape')");
        yield return Fault(options => options.Shape = [3, 0], "The lengths of Shape must be at least 1.");
        yield return Fault(options => options.Eviction = (ChunkEviction)2, "Eviction must be one of ChunkEviction.");
        yield return Fault(options => options.MemberTimeout = TimeSpan.Zero, "MemberTimeout must be more than 0");
        yield return Fault(options => options.SpinTime = TimeSpan.FromTicks(-1), "SpinTime must be from 0");

        static TestCaseData Fault(Action<ChunkGroupOptions> change, string message) =>
            new TestCaseData(change, message).SetArgDisplayNames(message);
    }

    private static IEnumerable<TestCaseData> MemberFaults()
    {
        yield return Fault(options => options.Layout = null, "One of Layout, Place and NativePlace must be set");
        yield return Fault(options => options.NativePlace = 1, "One of Layout, Place and NativePlace must be set");
        yield return Fault(options => options.MaxChunks = -1, "MaxChunks must be from 0 to 65536.");
        yield return Fault(options => options.MaxHeapExtra = 65537, "MaxHeapExtra must be from 0 to 65536.");
        yield return Fault(options => options.PacketPresenceSize = -1, "PacketPresenceSize must be from 0");
        yield return Fault(options => options.Items = null!, "(Parameter 'Items')");
        yield return Fault(options => options.Items = [0], "Items must be from 1 to");
        yield return Fault(options => options.Items = [.. Enumerable.Repeat(1L, 1025)], "The number of Items must be from 0 to 1024.");
        yield return Fault(options => options.Layout!.HeapSize = 0, "HeapSize must be from 1");
        yield return Fault(options => options.Layout!.Axes = null!, "(Parameter 'Axes')");
        yield return Fault(options => options.Layout!.Axes = [], "The number of Axes must be from 1 to 8.");
        yield return Fault(options => options.Layout!.Axes = [null!], "(Parameter 'Axes[0]')");
        yield return Fault(options => options.Layout!.Origin = -1, "Origin must not be negative.");
        yield return Fault(options => options.Layout!.Axes[0].Values = [1], "the first axis, which is time, has none");
        yield return Fault(options => options.Layout!.Axes[1].Values = [1, 1], "different values");
        yield return Fault(options => options.Layout!.Axes[1].ItemId = 0, "Axes[1].ItemId must be from 1");
        yield return Fault(options => options.Layout!.Axes[1].Step = 0, "Axes[1].Step must be from 1");
        yield return Fault(options => options.Layout!.Axes[1].Count = 0, "Axes[1].Count must be from 1");
        yield return Fault(options => options.Layout!.Axes[0].Step = long.MaxValue, "need more bytes, flags or time");
        yield return Fault(options => options.Layout!.Axes[0].First = 1, "Axes[0].First must be 0: where time begins is said by Origin.");
        yield return Fault(options => options.Layout!.FlagsPerHeap = 0, "FlagsPerHeap must be from 1");
        yield return Fault(options => options.PacketPresenceSize = 15, "makes 2 packets of each heap, but Layout.FlagsPerHeap is 1.");
        yield return Fault(options => options.Layout!.Axes[0].DataStride = long.MaxValue, "need more bytes, flags or time");

        static TestCaseData Fault(Action<ChunkOptions> change, string message) =>
            new TestCaseData(change, message).SetArgDisplayNames(message);
    }

    [TestCaseSource(nameof(GroupFaults))]
    public void Group_option_that_breaks_its_rule_is_named(Action<ChunkGroupOptions> change, string message)
    {
        ChunkGroupOptions options = new() { DataSize = 64, PresentSize = 4 };
        options.Validate();
        change(options);

        Assert.That(options.Validate, Throws.InstanceOf<ArgumentException>().With.Message.Contains(message));
    }

    [TestCaseSource(nameof(MemberFaults))]
    public void Option_of_a_stream_that_breaks_its_rule_is_named(Action<ChunkOptions> change, string message)
    {
        ChunkOptions options = new() { Layout = Layout() };
        options.Validate();
        change(options);

        Assert.That(options.Validate, Throws.InstanceOf<ArgumentException>().With.Message.Contains(message));
    }

    [Test]
    public void Layout_that_does_not_fit_its_group_is_refused()
    {
        ChunkOptions options = new() { Layout = Layout() };
        ChunkGroupOptions group = ChunkGroupOptions.For(Layout());
        options.Validate(group);
        group.DataSize--;

        Assert.That(
            () => options.Validate(group), Throws.ArgumentException.With.Message.Contains("needs chunks of 192 bytes and 12 flags"));
    }

    [TestCase("fengine:channel=8,sample=4", 0x4101, 128, "16 x 4 x 8 x 4 x 2 x 2")]
    [TestCase("digitiser:sample=4096", 0x3101, 5120, "16 x 4 x 5120")]
    [TestCase("xengine:channel=2,baseline=3", 0x4103, 48, "16 x 4 x 2 x 3 x 2")]
    [TestCase("ska-low-sps:sample=2048", 0x3000, 8192, "16 x 4 x 2048 x 2 x 2")]
    public void Layout_of_a_preset_has_its_items_and_axes(string text, int sources, long heapSize, string shape)
    {
        StreamPreset preset = StreamPreset.Parse(text);
        ChunkLayout layout = ChunkLayout.Of(preset, 16, preset.Step ?? 1000, new ChunkAxis { Count = 4 });

        Assert.That(layout.Axes.Select(axis => axis.ItemId), Is.EqualTo(new[] { preset.TimeId, sources }));
        Assert.That(layout.HeapSize, Is.EqualTo(heapSize));
        Assert.That(string.Join(" x ", layout.Shape), Is.EqualTo(shape));
        Assert.That((layout.DataSize, layout.PresentSize), Is.EqualTo((64 * heapSize, 64)));
    }

    [Test]
    public void Layout_of_a_preset_wants_what_is_open()
    {
        Assert.That(
            () => ChunkLayout.Of(StreamPreset.FEngine.With("channel", 8), 16, 1000),
            Throws.ArgumentException.With.Message.Contains("leaves the length of the axis 'sample' open"));
        Assert.That(
            () => ChunkLayout.Of(StreamPreset.FEngine.With("channel", 8).With("sample", 4), 16),
            Throws.ArgumentException.With.Message.Contains("The step of the preset 'fengine' is a setting"));
    }

    private static ChunkLayout Layout() => new()
    {
        Axes = [new() { ItemId = 0x1600, Count = 4 }, new() { ItemId = 0x4101, Count = 3 }],
        HeapSize = 16,
    };
}
