// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Soak;

/// <summary>Wants every message, and only counts them.</summary>
internal sealed class CountingLogger : ILogger
{
    private long _messages;

    /// <summary>How many there were.</summary>
    public long Messages => Volatile.Read(ref _messages);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        _ = formatter(state, exception);
        Interlocked.Increment(ref _messages);
    }
}
