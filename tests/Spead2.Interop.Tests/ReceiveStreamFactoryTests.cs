// SPDX-License-Identifier: MIT

using System.Reflection;
using Microsoft.Extensions.Logging;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Streams of the C core where its library can be loaded, and of the managed port where it cannot.</summary>
[NonParallelizable]
public sealed class ReceiveStreamFactoryTests
{
    private const int HeapCount = 3;

    [Test]
    public void Factory_with_library_makes_native_streams_silently()
    {
        RecordingLogger logger = new();
        ReceiveStreamFactory factory = new(logger);
        using IReceiveStream stream = factory.CreateStream();
        using MemoryPoolBase pool = factory.CreateMemoryPool(lower: 1, upper: 8192, maxFree: 2, initial: 1);
        using MemoryAllocator allocator = factory.CreateMmapAllocator();

        Assert.That(factory.IsNative, Is.True);
        Assert.That(factory.FallbackReason, Is.Null);
        Assert.That(logger.Messages, Is.Empty);
        Assert.That(stream, Is.InstanceOf<ReceiveStream>());
        Assert.That(pool, Is.InstanceOf<MemoryPool>());
        Assert.That(allocator, Is.InstanceOf<MmapAllocator>());
        Assert.That(Receive(factory), Is.EqualTo(HeapCount));
    }

    [Test]
    public void Factory_without_library_falls_back_and_says_so()
    {
        RecordingLogger logger = new();
        string missing = Path.Combine(Path.GetTempPath(), "spead2-no-such-library.so");
        using EnvironmentVariable variable = new(NativeLibraryCandidates.OverrideVariable, missing);
        MethodInfo receive = new SecondCopy().LoadFromAssemblyPath(typeof(ReceiveStreamFactoryTests).Assembly.Location)
            .GetType(typeof(ReceiveStreamFactoryTests).FullName!)!
            .GetMethod(nameof(ReceiveWithoutLibrary), BindingFlags.Static | BindingFlags.NonPublic)!;
        string reason = (string)receive.Invoke(null, [logger])!;

        Assert.That(reason, Does.Contain($"{missing}: no such file").And.Contain("SPEAD2_CORE_LIBRARY"));
        Assert.That(
            logger.Messages,
            Is.EqualTo([(LogLevel.Warning, $"Streams are received by the managed port. {reason}")]));
    }

    [Test]
    public void Factory_without_logger_warns_on_standard_error()
    {
        using EnvironmentVariable variable = new(NativeLibraryCandidates.OverrideVariable, "/no-such-library.so");
        using StringWriter written = new();
        TextWriter before = Console.Error;
        Console.SetError(written);
        try
        {
            Activator.CreateInstance(
                new SecondCopy().LoadFromAssemblyPath(typeof(ReceiveStreamFactory).Assembly.Location)
                    .GetType(typeof(ReceiveStreamFactory).FullName!)!,
                [null]);
        }
        finally
        {
            Console.SetError(before);
        }

        Assert.That(written.ToString(), Does.StartWith("spead2: warning: Streams are received by the managed port."));
    }

    /// <summary>Runs in a copy of the assemblies that has loaded no library, and finds none. Gives the reason.</summary>
    private static string ReceiveWithoutLibrary(ILogger logger)
    {
        ReceiveStreamFactory factory = new(logger);
        using MemoryPoolBase pool = factory.CreateMemoryPool(lower: 1, upper: 8192, maxFree: 2, initial: 1);
        using IReceiveStream stream = factory.CreateStream();
        stream.MemoryAllocator = pool;
        Assert.That(factory.IsNative, Is.False);
        Assert.That(stream, Is.InstanceOf<ManagedReceiveStream>());
        Assert.That(pool, Is.InstanceOf<ManagedMemoryPool>());
        using MemoryAllocator allocator = factory.CreateMmapAllocator();
        Assert.That(allocator, Is.InstanceOf<ManagedMmapAllocator>());
        Assert.That(Receive(factory), Is.EqualTo(HeapCount));
        Assert.That(() => new ReceiveStream(), Throws.InstanceOf<DllNotFoundException>());
        return factory.FallbackReason!;
    }

    /// <summary>Receives heaps, read and by a function; gives how many the second way.</summary>
    private static int Receive(ReceiveStreamFactory factory)
    {
        using IReceiveStream stream = factory.CreateStream(new ReceiveStreamOptions { RingHeaps = 16 });
        stream.AddDatagramReader(Packets.OfHeaps(HeapCount));
        Assert.That(stream.ReadAll().Select(heap => heap.Cnt), Is.EqualTo(Enumerable.Range(1, HeapCount)));
        using ManualResetEventSlim ended = new();
        int count = 0;
        using IReceiveStream inline = factory.CreateStream(onHeap: heap =>
        {
            if (heap is null)
            {
                ended.Set();
                return;
            }

            heap.Dispose();
            count++;
        });
        inline.AddDatagramReader(Packets.OfHeaps(HeapCount));
        Assert.That(ended.Wait(Poll.Deadline));
        return count;
    }
}
