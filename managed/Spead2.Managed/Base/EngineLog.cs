// SPDX-License-Identifier: MIT

using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Spead2.Managed;

/// <summary>
/// Messages of a stream or a pool of threads. A message that repeats is limited to a few a second, and then it is said
/// how many were left out. Any thread, with any lock held.
/// </summary>
internal sealed class EngineLog(LogTarget target)
{
    /// <summary>Messages of one kind that are let through in a second: enough to see what is going on.</summary>
    private const int MessagesPerSecond = 5;

    private const long Second = 1000;

    private readonly LogLevel _threshold = target.Threshold;
    private readonly Lock _lock = new();
    private readonly MessageRate[] _rates = new MessageRate[(int)MessageKind.PoolEmpty + 1];

    /// <summary>Messages for a logger. Without one, warnings go to standard error.</summary>
    public static EngineLog For(ILogger? logger) =>
        new(logger is null ? new StandardErrorTarget() : new LoggerTarget(logger));

    /// <summary>Whether messages of a level are wanted: others need not be made.</summary>
    public bool IsEnabled(LogLevel level) => level >= _threshold;

    /// <summary>Logs a message, which is made of the state only if it is let through.</summary>
    public void Write<TState>(MessageKind kind, LogLevel level, TState state, Func<TState, string> text)
    {
        if (!IsEnabled(level))
        {
            return;
        }

        lock (_lock)
        {
            ref MessageRate rate = ref _rates[(int)kind];
            long now = Environment.TickCount64;
            if (rate.Logged == 0 || now - rate.SecondStart >= Second)
            {
                SayLeftOut(kind);
                rate.SecondStart = now;
                rate.Logged = 0;
            }

            rate.Level = level;
            if (rate.Logged >= MessagesPerSecond)
            {
                rate.LeftOut++;
            }
            else
            {
                rate.Logged++;
                target.Deliver(level, text(state));
            }
        }
    }

    /// <summary>Says how many messages of each kind were left out since that was last said.</summary>
    public void SayLeftOut()
    {
        lock (_lock)
        {
            for (int kind = 0; kind < _rates.Length; kind++)
            {
                SayLeftOut((MessageKind)kind);
            }
        }
    }

    /// <summary>Brings all messages to their reader before it returns.</summary>
    public void Flush() => target.Flush();

    private void SayLeftOut(MessageKind kind)
    {
        ref MessageRate rate = ref _rates[(int)kind];
        if (rate.LeftOut != 0)
        {
            target.Deliver(rate.Level, string.Create(
                CultureInfo.InvariantCulture, $"{rate.LeftOut} more messages about {kind.Text()} were left out"));
            rate.LeftOut = 0;
        }
    }
}

/// <summary>How often a kind of message was logged in the current second.</summary>
internal struct MessageRate
{
    public long SecondStart;
    public int Logged;
    public long LeftOut;

    /// <summary>Of the latest message.</summary>
    public LogLevel Level;
}
