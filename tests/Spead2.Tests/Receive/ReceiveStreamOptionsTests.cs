// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Tests.Receive;

public sealed class ReceiveStreamOptionsTests
{
    private static readonly TestCaseData<ReceiveStreamOptions, string>[] Invalid =
    [
        new(new() { MaxHeaps = 0 }, "MaxHeaps"),
        new(new() { MaxHeaps = -1 }, "MaxHeaps"),
        new(new() { MaxHeaps = ReceiveStreamOptions.MaxSlots + 1 }, "MaxHeaps"),
        new(new() { RingHeaps = 0 }, "RingHeaps"),
        new(new() { RingHeaps = ReceiveStreamOptions.MaxSlots + 1 }, "RingHeaps"),
        new(new() { Substreams = 0 }, "Substreams"),
        new(new() { MaxHeaps = ReceiveStreamOptions.MaxSlots, Substreams = 2 }, "MaxHeaps times Substreams"),
        new(new() { MaxHeapSize = 0 }, "MaxHeapSize"),
        new(new() { MaxUnsizedGap = 0 }, "MaxUnsizedGap"),
        new(new() { MaxHeapSize = ReceiveStreamOptions.LargestMaxHeapSize + 1 }, "MaxHeapSize"),
        new(new() { BugCompat = (BugCompat)8 }, "BugCompat"),
        new(new() { LongPause = TimeSpan.FromTicks(-1) }, "LongPause"),
        new(new() { LongPause = TimeSpan.Zero }, "LongPause"),
        new(new() { LongPause = TimeSpan.FromMilliseconds(1L << 31) }, "LongPause"),
        new(new() { SpinTime = TimeSpan.FromTicks(-1) }, "SpinTime"),
        new(new() { SpinTime = TimeSpan.FromMilliseconds(1L << 31) }, "SpinTime"),
    ];

    [Test]
    public void Defaults_are_valid() => Assert.That(() => new ReceiveStreamOptions().Validate(), Throws.Nothing);

    [Test]
    public void Largest_values_are_valid()
    {
        ReceiveStreamOptions options = new()
        {
            MaxHeaps = ReceiveStreamOptions.MaxSlots / 4,
            Substreams = 4,
            RingHeaps = ReceiveStreamOptions.MaxSlots,
            MaxHeapSize = ReceiveStreamOptions.LargestMaxHeapSize,
            BugCompat = BugCompat.PySpead052,
        };

        Assert.That(options.Validate, Throws.Nothing);
    }

    [TestCaseSource(nameof(Invalid))]
    public void Value_that_breaks_its_rule_is_named(ReceiveStreamOptions options, string name)
    {
        Assert.That(
            options.Validate,
            Throws.InstanceOf<ArgumentOutOfRangeException>()
                .With.Property(nameof(ArgumentException.ParamName)).EqualTo(name)
                .And.Property(nameof(ArgumentOutOfRangeException.ActualValue)).Not.Null
                .And.Message.Contains($"{name} must be"));
    }
}
