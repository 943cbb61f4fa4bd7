// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Managed.Tests;

/// <summary>Moments between a consumer and the heaps that wait for room which no caller can bring about.</summary>
public sealed class RingSinkTests
{
    private const byte Call = 0x28;
    private const byte CallVirtual = 0x6f;
    private const int CallLength = 5;

    /// <summary>
    /// Another consumer has taken all that was in the ring, but has not looked yet whether heaps wait for the room: this
    /// one lets them follow, and takes the first.
    /// </summary>
    [Test]
    public void Pop_takes_a_heap_that_it_let_into_the_ring()
    {
        StreamCore core = new(
            new ReceiveStreamOptions { RingHeaps = 1 }, ManagedIoThreads.NewThreads(), EngineLog.For(NullLogger.Instance));
        try
        {
            RingSink sink = core.Ring!;
            core.Add(new BufferSource(core, Packets.Concatenate(Packets.OfHeaps(4))));
            Poll.Until(() => core.Statistics.WorkerBlocked != 0 && core.Flow.IsBlocked, "the ring is full");

            // The source pauses; then nobody but a consumer looks.
            core.Threads.Barrier();
            LiveHeap first = sink.Ring.Pop()!;
            LiveHeap?[] second = [null];
            ReadResult result = sink.Consumer.Pop(second, out int count);

            Assert.That((result, count), Is.EqualTo((ReadResult.Item, 1)));
            first.Free();
            second[0]!.Free();
        }
        finally
        {
            core.Release(wait: true);
        }
    }

    /// <summary>
    /// Without the fence a consumer and a source may both miss what the other did. No processor does that often enough
    /// for a test, so this one reads the compiled code.
    /// </summary>
    [Test]
    public void Fence_is_between_leaving_heaps_and_looking_for_room()
    {
        MethodInfo method = typeof(RingSink).GetMethod(nameof(RingSink.TryMakeRoom))!;
        string[] calls = CallsOf(method);

        int fence = Array.IndexOf(calls, nameof(Interlocked.MemoryBarrier));
        Assert.That(fence, Is.GreaterThan(Array.IndexOf(calls, "get_IsEmpty")));
        Assert.That(fence, Is.LessThan(Array.IndexOf(calls, "get_HasRoom")));
    }

    /// <summary>The same on the consumer's side: it makes room, then looks whether heaps were left to it.</summary>
    [Test]
    public void Fence_comes_before_a_consumer_looks_for_heaps()
    {
        MethodInfo method = typeof(RingSink).GetMethod(nameof(RingSink.SeeToWaiting))!;

        Assert.That(CallsOf(method)[0], Is.EqualTo(nameof(Interlocked.MemoryBarrier)));
    }

    /// <summary>Names of the methods that the code of a method calls directly, in its order.</summary>
    private static string[] CallsOf(MethodInfo method)
    {
        byte[] code = method.GetMethodBody()!.GetILAsByteArray()!;
        List<string> calls = [];
        for (int i = 0; i + CallLength <= code.Length; i++)
        {
            // Other bytes may look like a call, but hardly like one of a method that exists.
            if (code[i] is Call or CallVirtual &&
                NameOf(method, BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(i + 1))) is { } name)
            {
                calls.Add(name);
                i += CallLength - 1;
            }
        }

        return [.. calls];
    }

    private static string? NameOf(MethodInfo caller, int token)
    {
        try
        {
            // What counts coverage is called in each line.
            MethodBase? called = caller.Module.ResolveMethod(token);
            bool counts = called?.DeclaringType?.Namespace?.StartsWith("Coverlet", StringComparison.Ordinal) == true;
            return counts ? null : called?.Name;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
