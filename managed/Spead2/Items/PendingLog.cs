// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Items;

/// <summary>
/// Keeps log messages until the work that they are about is done, so that a user's logger that fails, or looks at that
/// work, finds it done.
/// </summary>
/// <param name="logger">Gets the messages. What it throws is left out: there is nowhere else to say so.</param>
internal sealed class PendingLog(ILogger logger) : ILogger
{
    // A heap can give reason for as many messages as it has item pointers.
    private const int MaxMessages = 100;

    private readonly List<Action<ILogger>> _messages = [];
    private long _leftOut;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return logger.IsEnabled(logLevel);
        }
        catch (Exception)
        {
            return false;
        }
    }

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (_messages.Count < MaxMessages)
        {
            _messages.Add(target => target.Log(logLevel, eventId, state, exception, formatter));
        }
        else
        {
            _leftOut++;
        }
    }

    /// <summary>Hands over the messages that were kept.</summary>
    public void Deliver()
    {
        if (_messages.Count == 0)
        {
            return;
        }

        if (_leftOut > 0)
        {
            long leftOut = _leftOut;
            _messages.Add(target => ItemGroupLog.LeftOut(target, leftOut));
        }

        // The logger may use the group again.
        Action<ILogger>[] messages = [.. _messages];
        _messages.Clear();
        _leftOut = 0;
        foreach (Action<ILogger> message in messages)
        {
            Deliver(message);
        }
    }

    private void Deliver(Action<ILogger> message)
    {
        try
        {
            message(logger);
        }
        catch (Exception)
        {
            // The work is done, whatever becomes of the message.
        }
    }
}
