// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Spead2.Testing.Engines;

/// <summary>Keeps what it is told.</summary>
internal sealed class RecordingLogger(LogLevel threshold = LogLevel.Trace) : ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _messages = new();

    public IReadOnlyCollection<(LogLevel Level, string Text)> Messages => _messages;

    public IEnumerable<string> Texts => _messages.Select(message => message.Text);

    /// <summary>Runs when a message comes, before it is kept.</summary>
    public Action? OnMessage { get; set; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= threshold;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        OnMessage?.Invoke();
        _messages.Enqueue((logLevel, formatter(state, exception)));
    }
}
