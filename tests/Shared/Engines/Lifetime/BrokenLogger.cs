// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Testing.Engines;

/// <summary>A logger that fails when it is asked which levels it wants.</summary>
internal sealed class BrokenLogger : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => throw new InvalidOperationException("broken logger");

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter) => throw new InvalidOperationException("broken logger");
}
