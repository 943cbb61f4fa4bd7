// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

public sealed class SpinTimeTests
{
    [Test]
    public void Blocking_read_gets_its_heap_however_long_it_looks([Values(0, 100, 60_000_000)] int microseconds)
    {
        ReceiveStreamOptions options = new() { SpinTime = TimeSpan.FromMicroseconds(microseconds) };
        using ReceiveStream stream = new(options);
        using UdpSender sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
        Task<ulong> reading = Task.Factory.StartNew(
            () =>
            {
                using Heap heap = stream.Read();
                return heap.Cnt;
            },
            TaskCreationOptions.LongRunning);
        sender.Send(Packets.OfHeap(7));

        Assert.That(reading.WaitAsync(Poll.Deadline).GetAwaiter().GetResult(), Is.EqualTo(7));
    }

    [Test]
    public void Spin_time_that_breaks_its_rule_is_named([Values(-0.001, 2147483648.0)] double milliseconds)
    {
        ReceiveStreamOptions options = new() { SpinTime = TimeSpan.FromMilliseconds(milliseconds) };

        Assert.That(
            () => new ReceiveStream(options),
            Throws.InstanceOf<ArgumentOutOfRangeException>()
                .With.Property(nameof(ArgumentException.ParamName)).EqualTo(nameof(ReceiveStreamOptions.SpinTime)));
    }
}
