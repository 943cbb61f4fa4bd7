// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Spead2.Bindings;

namespace Spead2;

/// <summary>
/// Brings messages of the C core to a logger, or warnings to standard error, with the names that options have in C#.
/// </summary>
/// <remarks>
/// The core knows a log by a number, not by its address: what belongs to the log may live longer in the core than here
/// (a memory pool lives as long as a heap that holds a block of it), and a message that comes too late finds nobody.
/// </remarks>
internal sealed unsafe class NativeLog : IDisposable
{
    private static readonly ConcurrentDictionary<long, NativeLog> Logs = new();
    private static long _lastNumber;

    private readonly LogQueue? _queue;
    private readonly long _number;

    /// <summary>Makes a log that the core can use until it is disposed.</summary>
    /// <param name="logger">Null for standard error.</param>
    public NativeLog(ILogger? logger)
    {
        // First, as it asks the logger, which may throw, and is known to nobody yet.
        _queue = logger is null ? null : new(logger);
        _number = Interlocked.Increment(ref _lastNumber);
        Logs[_number] = this;
    }

    /// <summary>The core's log function.</summary>
    public static delegate* unmanaged[Cdecl]<void*, int, sbyte*, void> Function => &OnMessage;

    /// <summary>The context of the function.</summary>
    public void* Context => (void*)_number;

    /// <summary>The threshold of the core at which the logger gets what it wants.</summary>
    public sp2_log_level Threshold => (_queue?.Threshold ?? LogLevel.Warning) switch
    {
        LogLevel.Debug => sp2_log_level.SP2_LOG_DEBUG,
        LogLevel.Information => sp2_log_level.SP2_LOG_INFO,
        LogLevel.Warning => sp2_log_level.SP2_LOG_WARNING,
        _ => sp2_log_level.SP2_LOG_NONE,
    };

    /// <summary>Queues a message for the logger. Writes it to standard error if there is none.</summary>
    public void Enqueue(LogLevel level, string text)
    {
        if (_queue is null)
        {
            Console.Error.WriteLine($"spead2: warning: {text}");
        }
        else
        {
            _queue.Enqueue(level, text);
        }
    }

    /// <summary>
    /// Delivers what is queued before it returns, unless a logger calls it while another thread does so.
    /// </summary>
    public void Flush() => _queue?.Flush();

    /// <summary>Ends the use by the core. What is queued is still delivered.</summary>
    public void Dispose() => Logs.TryRemove(_number, out _);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnMessage(void* context, int level, sbyte* message)
    {
        try
        {
            if (Logs.TryGetValue((long)context, out NativeLog? log))
            {
                log.Enqueue(ToLogLevel(level), OptionNames.ToDotNet(Marshal.PtrToStringUTF8((nint)message)!));
            }
        }
        catch (Exception exception) when (exception is OutOfMemoryException or IOException)
        {
            // A message is lost; the core, which cannot take an exception, goes on.
        }
    }

    private static LogLevel ToLogLevel(int level) => (sp2_log_level)level switch
    {
        sp2_log_level.SP2_LOG_WARNING => LogLevel.Warning,
        sp2_log_level.SP2_LOG_INFO => LogLevel.Information,
        _ => LogLevel.Debug,
    };
}
