// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Send;

namespace Spead2.Managed.Tests;

/// <summary>Whether a stream has a heap, which must not be changed then: the C API refuses that.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SendHeapTests : IDisposable
{
    private const int AddressBits = 40;

    private readonly SendCore _core = new(
        ManagedSendStream.SettingsOf(new() { MaxHeaps = 2 }),
        ManagedIoThreads.NewThreads(),
        EngineLog.For(NullLogger.Instance));

    private readonly ManualResetEventSlim _goOn = new();

    public SendHeapTests() => _core.Add(new FunctionWriter(_core, (_, _) => WaitToGoOn(), substreams: 1));

    public void Dispose()
    {
        _goOn.Set();
        _core.Destroy();
        _goOn.Dispose();
    }

    [Test]
    public void Heap_is_being_sent_until_its_packets_have_gone_out()
    {
        HeapSending sending = NewSending();
        Assert.That(Send(sending, sending), Is.EqualTo(Spead2Status.Success));

        Assert.That(sending.Heap!.IsBeingSent, Is.True);
        _goOn.Set();
        Assert.That(_core.Flush(Poll.Deadline), Is.True);
        Assert.That(sending.Heap!.IsBeingSent, Is.False);
    }

    [Test]
    public void Heaps_of_a_refused_group_are_not_being_sent()
    {
        HeapSending[] group = [NewSending(), NewSending(), NewSending()];
        Assert.That(Send(group), Is.EqualTo(Spead2Status.QueueFull));

        Assert.That(group.Select(sending => sending.Heap!.IsBeingSent), Is.All.False);
    }

    private static HeapSending NewSending()
    {
        SendHeap heap = new(AddressBits, repeatPointers: false, SendDialect.None);
        heap.AddImmediate(0x1000, 1);
        return new(heap, HeapSending.AutomaticCnt, Substream: 0, HeapSending.StreamRate);
    }

    private Spead2Status Send(params ReadOnlySpan<HeapSending> group) =>
        _core.Send(group, GroupMode.RoundRobin, completion: null);

    private int WaitToGoOn()
    {
        _goOn.Wait();
        return 0;
    }
}
