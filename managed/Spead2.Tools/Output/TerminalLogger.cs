// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Tools.Commands;

namespace Spead2.Tools.Output;

/// <summary>Shows the warnings of a stream.</summary>
internal sealed class TerminalLogger(Terminal terminal) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            terminal.Say($"warning: {CommandNames.In(formatter(state, exception))}");
        }
    }
}
