// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Spead2.Tools.Commands;
using Spead2.Tools.Output;

namespace Spead2.Tools.Diagnosis;

/// <summary>Takes warnings of a stream as findings; the command that helps is between backticks in them.</summary>
internal sealed partial class FindingLogger : ILogger
{
    private readonly ConcurrentQueue<Finding> _findings = new();

    /// <summary>What was warned of.</summary>
    public IReadOnlyCollection<Finding> Findings => _findings;

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
        string text = CommandNames.In(formatter(state, exception));
        if (IsEnabled(logLevel) && Command().Match(text) is { Success: true } command)
        {
            _findings.Enqueue(new(
                "socket-buffer", Tone.Warning, Readable.Sentence(text[..text.LastIndexOf(';')]), command.Groups["command"].Value));
        }
    }

    [GeneratedRegex("; .*`(?<command>[^`]+)`")]
    private static partial Regex Command();
}
