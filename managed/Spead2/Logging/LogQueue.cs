// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Spead2;

/// <summary>
/// Brings messages of an engine to a logger, in order. Engines log while they hold locks, so the messages are queued and
/// delivered by a thread of the .NET thread pool, one at a time.
/// </summary>
internal sealed class LogQueue(ILogger logger) : IThreadPoolWorkItem
{
    /// <summary>Most messages that wait for the logger; further ones are counted and left out.</summary>
    public const int Capacity = 1024;

    private static readonly LogLevel[] Levels = [LogLevel.Debug, LogLevel.Information, LogLevel.Warning];

    // Whether this thread is delivering messages of any queue.
    [ThreadStatic]
    private static bool _isLogger;

    private readonly ConcurrentQueue<QueuedMessage> _messages = new();
    private readonly Lock _delivery = new();
    private int _queued;
    private long _leftOut;
    private int _scheduled;

    /// <summary>Lowest level of an engine's messages that the logger wants.</summary>
    public LogLevel Threshold { get; } = Levels.FirstOrDefault(logger.IsEnabled, LogLevel.None);

    /// <summary>Queues a message of one line for the logger. Any thread, with any lock held.</summary>
    public void Enqueue(LogLevel level, string text)
    {
        if (Interlocked.Increment(ref _queued) <= Capacity)
        {
            _messages.Enqueue(new(level, text, Interlocked.Exchange(ref _leftOut, 0)));
        }
        else
        {
            Interlocked.Decrement(ref _queued);
            Interlocked.Increment(ref _leftOut);
        }

        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>
    /// Delivers what is queued before it returns, unless a logger calls it while another thread does so.
    /// </summary>
    public void Flush()
    {
        // A logger that disposes a stream must not wait for the logger of that stream, which may do the same.
        if (_isLogger)
        {
            if (!_delivery.TryEnter())
            {
                return;
            }
        }
        else
        {
            _delivery.Enter();
        }

        bool wasLogger = _isLogger;
        _isLogger = true;
        try
        {
            while (_messages.TryDequeue(out QueuedMessage message))
            {
                Interlocked.Decrement(ref _queued);
                DeliverLeftOut(message.LeftOutBefore);
                Write(message.Level, message.Text);
            }

            DeliverLeftOut(Interlocked.Exchange(ref _leftOut, 0));
        }
        finally
        {
            _isLogger = wasLogger;
            _delivery.Exit();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            Flush();
            Volatile.Write(ref _scheduled, 0);
            Interlocked.MemoryBarrier();
        }
        while (!_messages.IsEmpty && Interlocked.Exchange(ref _scheduled, 1) == 0);
    }

    private void DeliverLeftOut(long count)
    {
        if (count != 0)
        {
            Write(LogLevel.Warning, $"{count} log messages were left out because the logger did not keep up.");
        }
    }

    private void Write(LogLevel level, string text)
    {
        try
        {
            logger.Log(level, default, text, exception: null, static (state, _) => state);
        }
        catch (Exception)
        {
            // A logger that fails must not end the process, and there is nowhere else to say so.
        }
    }
}
