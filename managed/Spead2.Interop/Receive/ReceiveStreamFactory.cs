// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Send;

namespace Spead2.Receive;

/// <summary>
/// Makes streams of the C core where its native library can be loaded, and of the managed port (Spead2.Managed) where it
/// cannot. Both behave the same; the managed port takes more of a processor.
/// </summary>
/// <remarks>
/// <para>
/// Which of them it is, is decided once, when the factory is made. Programs that must not run on the managed port look at
/// <see cref="FallbackReason"/>, or make a <see cref="ReceiveStream"/> themselves, which throws instead.
/// </para>
/// <para>Threads: any. The factory has nothing that must be disposed; what it makes is the caller's.</para>
/// </remarks>
public sealed class ReceiveStreamFactory
{
    /// <summary>Makes a factory, and says so if it falls back to the managed port.</summary>
    /// <param name="logger">
    /// Receives a warning if the native library cannot be loaded, before this returns. Without a logger it goes to
    /// standard error.
    /// </param>
    public ReceiveStreamFactory(ILogger? logger = null)
    {
        FallbackReason = FindFallbackReason();
        if (FallbackReason is not null)
        {
            using NativeLog log = new(logger);
            log.Enqueue(LogLevel.Warning, $"Streams are received by the managed port. {FallbackReason}");
            log.Flush();
        }
    }

    /// <summary>Whether streams are those of the C core.</summary>
    public bool IsNative => FallbackReason is null;

    /// <summary>Why the native library cannot be loaded, and what to do; null if it was loaded.</summary>
    public string? FallbackReason { get; }

    /// <summary>Version of the native library, as in 0.1.0; null if it cannot be loaded.</summary>
    public string? NativeVersion => IsNative ? ReadNativeVersion() : null;

    /// <summary>Makes a stream: a <see cref="ReceiveStream"/> or a <see cref="ManagedReceiveStream"/>.</summary>
    /// <inheritdoc cref="ReceiveStream(ReceiveStreamOptions?, ILogger?, IoThreadPool?, Action{Heap?}?)" path="/param"/>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    /// <exception cref="Spead2Exception">For example there is not enough memory.</exception>
    public IReceiveStream CreateStream(
        ReceiveStreamOptions? options = null,
        ILogger? logger = null,
        IoThreadPool? pool = null,
        Action<Heap?>? onHeap = null) => IsNative
            ? new ReceiveStream(options, logger, pool, onHeap)
            : new ManagedReceiveStream(options, logger, pool, onHeap);

    /// <summary>Makes a stream that sends: a <see cref="SendStream"/> or a <see cref="ManagedSendStream"/>.</summary>
    /// <inheritdoc cref="SendStream(SendStreamOptions?, ILogger?, IoThreadPool?)" path="/param"/>
    /// <exception cref="ArgumentException">An option breaks its rule.</exception>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    /// <exception cref="Spead2Exception">For example there is not enough memory.</exception>
    public ISendStream CreateSendStream(
        SendStreamOptions? options = null, ILogger? logger = null, IoThreadPool? pool = null) => IsNative
            ? new SendStream(options, logger, pool)
            : new ManagedSendStream(options, logger, pool);

    /// <summary>
    /// Makes a queue of packets between such streams: an <see cref="InProcessQueue"/> or a
    /// <see cref="ManagedInProcessQueue"/>.
    /// </summary>
    /// <inheritdoc cref="InProcessQueue(long)"/>
    public InProcessQueueBase CreateInProcessQueue(long maxBytes = InProcessQueueBase.DefaultMaxBytes) => IsNative
        ? new InProcessQueue(maxBytes)
        : new ManagedInProcessQueue(maxBytes);

    /// <summary>Makes a memory pool for such streams: a <see cref="MemoryPool"/> or a <see cref="ManagedMemoryPool"/>.</summary>
    /// <inheritdoc cref="MemoryPool(long, long, int, int, int, IoThreadPool?, MemoryAllocator?, ILogger?)"/>
    public MemoryPoolBase CreateMemoryPool(
        long lower,
        long upper,
        int maxFree,
        int initial,
        int lowWater = 0,
        IoThreadPool? threadPool = null,
        MemoryAllocator? allocator = null,
        ILogger? logger = null) => IsNative
            ? new MemoryPool(lower, upper, maxFree, initial, lowWater, threadPool, allocator, logger)
            : new ManagedMemoryPool(lower, upper, maxFree, initial, lowWater, threadPool, allocator, logger);

    /// <summary>
    /// Makes an allocator of mapped memory for such streams: a <see cref="MmapAllocator"/> or a
    /// <see cref="ManagedMmapAllocator"/>.
    /// </summary>
    /// <inheritdoc cref="MmapAllocator(int, bool)"/>
    public MemoryAllocator CreateMmapAllocator(int flags = 0, bool preferHugePages = false) => IsNative
        ? new MmapAllocator(flags, preferHugePages)
        : new ManagedMmapAllocator(flags, preferHugePages);

    private static unsafe string ReadNativeVersion() =>
        Marshal.PtrToStringUTF8((nint)NativeMethods.sp2_version_string())!;

    /// <summary>Calls the library, so that it is loaded.</summary>
    private static string? FindFallbackReason()
    {
        try
        {
            _ = NativeMethods.sp2_version_number();
            return null;
        }
        catch (DllNotFoundException exception)
        {
            return exception.Message;
        }
    }
}
