// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Tools.Commands;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>What receives: both engines do the same with the same options.</summary>
internal sealed class ReceiveEngine
{
    private readonly Func<ReceiveStreamOptions, ILogger, IoThreadPool?, IReceiveStream> _newStream;
    private readonly Func<MemoryPoolOptions, ILogger, MemoryAllocator> _newPool;

    private ReceiveEngine(
        string name,
        Func<ReceiveStreamOptions, ILogger, IoThreadPool?, IReceiveStream> newStream,
        Func<MemoryPoolOptions, ILogger, MemoryAllocator> newPool)
    {
        Name = name;
        _newStream = newStream;
        _newPool = newPool;
    }

    /// <summary>The C library.</summary>
    public static ReceiveEngine Native { get; } = new(
        "native",
        (options, logger, threads) => new ReceiveStream(options, logger, threads),
        (pool, logger) => new MemoryPool(pool.Lower, pool.Upper, pool.MaxFree, pool.Initial, logger: logger));

    /// <summary>The managed port, which needs no native library.</summary>
    public static ReceiveEngine Managed { get; } = new(
        "managed",
        (options, logger, threads) => new ManagedReceiveStream(options, logger, threads),
        (pool, logger) => new ManagedMemoryPool(pool.Lower, pool.Upper, pool.MaxFree, pool.Initial, logger: logger));

    /// <summary>All there are.</summary>
    public static IReadOnlyList<ReceiveEngine> All { get; } = [Native, Managed];

    /// <summary>What it is called on the command line.</summary>
    public string Name { get; }

    /// <summary>Makes a stream with the threads, memory and copy method of the settings. It is the caller's.</summary>
    /// <exception cref="UserErrorException">The native library is missing or does not fit, or a setting is refused.</exception>
    public IReceiveStream Open(ReceiveSettings settings, ILogger logger) => Explain(() =>
    {
        // What the stream uses lives as long as the stream.
        using IoThreadPool threads = new(settings.Threads, settings.Affinity, logger);
        using MemoryAllocator? pool = settings.MemoryPool is { } options ? _newPool(options, logger) : null;
        IReceiveStream stream = _newStream(settings.StreamOptions, logger, threads);
        stream.MemoryAllocator = pool ?? stream.MemoryAllocator;
        stream.CopyMethod = settings.CopyMethod;
        return stream;
    });

    /// <summary>Makes a stream with a thread of its own. It is the caller's.</summary>
    /// <exception cref="UserErrorException">The native library is missing or does not fit, or an option is refused.</exception>
    public IReceiveStream Open(ReceiveStreamOptions options, ILogger logger) =>
        Explain(() => _newStream(options, logger, null));

    /// <inheritdoc cref="Name"/>
    public override string ToString() => Name;

    private static IReceiveStream Explain(Func<IReceiveStream> open)
    {
        try
        {
            return open();
        }
        catch (ArgumentException exception)
        {
            throw new UserErrorException(CommandNames.In(exception.Message.Split(" (Parameter")[0]));
        }
        catch (DllNotFoundException exception)
        {
            throw new UserErrorException(
                $"{Readable.Sentence(exception.Message)} Or receive without it: --engine {Managed.Name}.");
        }
    }
}
