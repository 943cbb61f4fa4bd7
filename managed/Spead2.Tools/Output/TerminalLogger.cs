// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Tools.Commands;

namespace Spead2.Tools.Output;

/// <summary>Shows the messages of a stream.</summary>
/// <param name="terminal">Where they are shown.</param>
/// <param name="least">The least level that is; warnings are what users have to know.</param>
internal sealed class TerminalLogger(Terminal terminal, LogLevel least = LogLevel.Warning) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            terminal.Warn($"{NameOf(logLevel)}: {CommandNames.In(formatter(state, exception))}");
        }
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        _ => "warning",
    };
}
