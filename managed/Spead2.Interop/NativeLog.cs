// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Spead2.Bindings;

namespace Spead2;

/// <summary>
/// Brings messages of the C core to a logger, in order. The core logs while it holds locks, so the messages are queued
/// and delivered by a thread of the .NET thread pool, one at a time.
/// </summary>
/// <remarks>
/// The core knows a log by a number, not by its address: what belongs to the log may live longer in the core than here
/// (a memory pool lives as long as a heap that holds a block of it), and a message that comes too late finds nobody.
/// </remarks>
internal sealed unsafe class NativeLog : IThreadPoolWorkItem, IDisposable
{
    /// <summary>Most messages that wait for the logger; further ones are counted and left out.</summary>
    public const int Capacity = 1024;

    private static readonly ConcurrentDictionary<long, NativeLog> Logs = new();
    private static long _lastNumber;

    // Whether this thread is delivering messages of any log.
    [ThreadStatic]
    private static bool _isLogger;

    private readonly ILogger _logger;
    private readonly long _number;
    private readonly ConcurrentQueue<NativeLogMessage> _messages = new();
    private readonly Lock _delivery = new();
    private int _queued;
    private long _leftOut;
    private int _scheduled;

    /// <summary>Makes a log that the core can use until it is disposed.</summary>
    public NativeLog(ILogger logger)
    {
        _logger = logger;

        // Asked first, as the logger may throw, and is known to nobody yet.
        Threshold = ThresholdOf(logger);
        _number = Interlocked.Increment(ref _lastNumber);
        Logs[_number] = this;
    }

    /// <summary>The core's log function.</summary>
    public static delegate* unmanaged[Cdecl]<void*, int, sbyte*, void> Function => &OnMessage;

    /// <summary>The context of the function.</summary>
    public void* Context => (void*)_number;

    /// <summary>The threshold of the core at which the logger gets what it wants.</summary>
    public sp2_log_level Threshold { get; }

    /// <summary>Queues a message for the logger.</summary>
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
            while (_messages.TryDequeue(out NativeLogMessage message))
            {
                Interlocked.Decrement(ref _queued);
                DeliverLeftOut(message.LeftOutBefore);
                Deliver(message.Level, message.Text);
            }

            DeliverLeftOut(Interlocked.Exchange(ref _leftOut, 0));
        }
        finally
        {
            _isLogger = wasLogger;
            _delivery.Exit();
        }
    }

    /// <summary>Ends the use by the core. What is queued is still delivered.</summary>
    public void Dispose() => Logs.TryRemove(_number, out _);

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

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnMessage(void* context, int level, sbyte* message)
    {
        try
        {
            if (Logs.TryGetValue((long)context, out NativeLog? log))
            {
                log.Enqueue(ToLogLevel(level), Marshal.PtrToStringUTF8((nint)message)!);
            }
        }
        catch (OutOfMemoryException)
        {
            // A message is lost; the core, which cannot take an exception, goes on.
        }
    }

    private static sp2_log_level ThresholdOf(ILogger logger) =>
        logger.IsEnabled(LogLevel.Debug) ? sp2_log_level.SP2_LOG_DEBUG
        : logger.IsEnabled(LogLevel.Information) ? sp2_log_level.SP2_LOG_INFO
        : logger.IsEnabled(LogLevel.Warning) ? sp2_log_level.SP2_LOG_WARNING
        : sp2_log_level.SP2_LOG_NONE;

    private static LogLevel ToLogLevel(int level) => (sp2_log_level)level switch
    {
        sp2_log_level.SP2_LOG_WARNING => LogLevel.Warning,
        sp2_log_level.SP2_LOG_INFO => LogLevel.Information,
        _ => LogLevel.Debug,
    };

    private void DeliverLeftOut(long count)
    {
        if (count != 0)
        {
            Deliver(LogLevel.Warning, $"{count} log messages were left out because the logger did not keep up.");
        }
    }

    private void Deliver(LogLevel level, string text)
    {
        try
        {
            _logger.Log(level, default, text, exception: null, static (state, _) => state);
        }
        catch (Exception)
        {
            // A logger that fails must not end the process, and there is nowhere else to say so.
        }
    }
}
