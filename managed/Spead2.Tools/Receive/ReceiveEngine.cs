// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>What receives: both engines do the same with the same options.</summary>
internal sealed class ReceiveEngine
{
    private readonly Func<ReceiveStreamOptions, ILogger, IReceiveStream> _newStream;

    private ReceiveEngine(string name, Func<ReceiveStreamOptions, ILogger, IReceiveStream> newStream)
    {
        Name = name;
        _newStream = newStream;
    }

    /// <summary>The C library.</summary>
    public static ReceiveEngine Native { get; } = new("native", (options, logger) => new ReceiveStream(options, logger));

    /// <summary>The managed port, which needs no native library.</summary>
    public static ReceiveEngine Managed { get; } = new(
        "managed", (options, logger) => new ManagedReceiveStream(options, logger));

    /// <summary>All there are.</summary>
    public static IReadOnlyList<ReceiveEngine> All { get; } = [Native, Managed];

    /// <summary>What it is called on the command line.</summary>
    public string Name { get; }

    /// <summary>Makes a stream, which is the caller's.</summary>
    /// <exception cref="UserErrorException">The native library is missing or does not fit.</exception>
    public IReceiveStream Open(ReceiveStreamOptions options, ILogger logger)
    {
        try
        {
            return _newStream(options, logger);
        }
        catch (DllNotFoundException exception)
        {
            throw new UserErrorException(
                $"{Readable.Sentence(exception.Message)} Or receive without it: --engine {Managed.Name}.");
        }
    }

    /// <inheritdoc cref="Name"/>
    public override string ToString() => Name;
}
