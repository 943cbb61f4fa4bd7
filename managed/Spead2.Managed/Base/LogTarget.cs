// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Managed;

/// <summary>Where messages go, and which are wanted. Any thread, with any lock held.</summary>
internal abstract class LogTarget
{
    /// <summary>Lowest level of the messages that are wanted.</summary>
    public abstract LogLevel Threshold { get; }

    /// <summary>Takes a message of one line. Must not throw.</summary>
    public abstract void Deliver(LogLevel level, string text);

    /// <summary>Brings what was taken to its reader before it returns.</summary>
    public virtual void Flush()
    {
        // Most targets have nothing between them and the reader.
    }
}

/// <summary>Messages go to a user-supplied logger.</summary>
internal sealed class LoggerTarget(ILogger logger) : LogTarget
{
    private readonly LogQueue _queue = new(logger);

    public override LogLevel Threshold => _queue.Threshold;

    public override void Deliver(LogLevel level, string text) => _queue.Enqueue(level, text);

    public override void Flush() => _queue.Flush();
}

/// <summary>Warnings where there is no logger.</summary>
internal sealed class StandardErrorTarget : LogTarget
{
    public override LogLevel Threshold => LogLevel.Warning;

    public override void Deliver(LogLevel level, string text) => Console.Error.WriteLine($"spead2: warning: {text}");
}
