// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Tools.Commands;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>What receives and sends: both engines do the same with the same options.</summary>
internal sealed class ReceiveEngine
{
    private readonly Func<ReceiveStreamOptions, ILogger, IoThreadPool?, IReceiveStream> _newStream;
    private readonly Func<MemoryPoolOptions, ILogger, MemoryAllocator> _newPool;
    private readonly Func<SendStreamOptions, ILogger, ISendStream> _newSender;

    private ReceiveEngine(
        string name,
        Func<ReceiveStreamOptions, ILogger, IoThreadPool?, IReceiveStream> newStream,
        Func<MemoryPoolOptions, ILogger, MemoryAllocator> newPool,
        Func<SendStreamOptions, ILogger, ISendStream> newSender)
    {
        Name = name;
        _newStream = newStream;
        _newPool = newPool;
        _newSender = newSender;
    }

    /// <summary>The C library.</summary>
    public static ReceiveEngine Native { get; } = new(
        "native",
        (options, logger, threads) => new ReceiveStream(options, logger, threads),
        (pool, logger) => new MemoryPool(pool.Lower, pool.Upper, pool.MaxFree, pool.Initial, logger: logger),
        (options, logger) => new SendStream(options, logger));

    /// <summary>The managed port, which needs no native library.</summary>
    public static ReceiveEngine Managed { get; } = new(
        "managed",
        (options, logger, threads) => new ManagedReceiveStream(options, logger, threads),
        (pool, logger) => new ManagedMemoryPool(pool.Lower, pool.Upper, pool.MaxFree, pool.Initial, logger: logger),
        (options, logger) => new ManagedSendStream(options, logger));

    /// <summary>All there are.</summary>
    public static IReadOnlyList<ReceiveEngine> All { get; } = [Native, Managed];

    /// <summary>What it is called on the command line.</summary>
    public string Name { get; }

    /// <summary>Makes a stream with the threads, memory and copy method of the settings. It is the caller's.</summary>
    /// <exception cref="UserErrorException">The native library is missing or does not fit, or a setting is refused.</exception>
    public IReceiveStream Open(ReceiveSettings settings, ILogger logger) => Open(
        settings.StreamOptions, logger, settings.MemoryPool, settings.CopyMethod, settings.Threads, settings.Affinity);

    /// <summary>Makes a stream, by default with a thread of its own and recycled memory. It is the caller's.</summary>
    /// <param name="options">Options of the stream.</param>
    /// <param name="logger">Gets what there is to say.</param>
    /// <param name="memoryPool">The pool that payload is kept in; null: the library's recycled memory.</param>
    /// <param name="copyMethod">How payload is copied.</param>
    /// <param name="threads">Threads that receive packets.</param>
    /// <param name="affinity">Processors that they are bound to, in turn; null or none: they are not bound.</param>
    /// <exception cref="UserErrorException">The native library is missing or does not fit, or an option is refused.</exception>
    public IReceiveStream Open(
        ReceiveStreamOptions options,
        ILogger logger,
        MemoryPoolOptions? memoryPool = null,
        CopyMethod copyMethod = CopyMethod.Auto,
        int threads = 1,
        IReadOnlyList<int>? affinity = null) => Explain(() =>
    {
        // What the stream uses lives as long as the stream.
        using IoThreadPool pool = new(threads, affinity ?? [], logger);
        using MemoryAllocator? memory = memoryPool is { } wanted ? _newPool(wanted, logger) : null;
        IReceiveStream stream = _newStream(options, logger, pool);
        stream.MemoryAllocator = memory ?? stream.MemoryAllocator;
        stream.CopyMethod = copyMethod;
        return stream;
    });

    /// <summary>Makes a stream that sends, with a thread of its own. It is the caller's.</summary>
    /// <exception cref="UserErrorException">The native library is missing or does not fit, or an option is refused.</exception>
    public ISendStream OpenSender(SendStreamOptions options, ILogger logger) =>
        Explain(() => _newSender(options, logger));

    /// <inheritdoc cref="Name"/>
    public override string ToString() => Name;

    private static T Explain<T>(Func<T> open)
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
                $"{Readable.Sentence(exception.Message)} Or do without it: --engine {Managed.Name}.");
        }
    }
}
