// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Managed.Linux;

namespace Spead2.Aot;

/// <summary>A user-supplied log function, or standard error.</summary>
internal sealed unsafe class CLog : LogTarget
{
    private const int StandardError = 2;

    private readonly delegate* unmanaged[Cdecl]<void*, int, sbyte*, void> _log;
    private readonly void* _context;

    /// <param name="log">NULL for standard error.</param>
    /// <param name="context">Passed to the function.</param>
    /// <param name="level">A valid sp2_log_level.</param>
    public CLog(delegate* unmanaged[Cdecl]<void*, int, sbyte*, void> log, void* context, uint level)
    {
        _log = log;
        _context = context;
        Threshold = (sp2_log_level)level switch
        {
            sp2_log_level.SP2_LOG_INFO => LogLevel.Information,
            sp2_log_level.SP2_LOG_DEBUG => LogLevel.Debug,
            sp2_log_level.SP2_LOG_NONE => LogLevel.None,
            _ => LogLevel.Warning,
        };
    }

    public override LogLevel Threshold { get; }

    public override void Deliver(LogLevel level, string text)
    {
        text = OptionNames.ToC(text);
        if (_log is null)
        {
            WriteToStandardError(level, text);
            return;
        }

        byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length) + 1);
        bytes[Encoding.UTF8.GetBytes(text, bytes)] = 0;
        fixed (byte* message = bytes)
        {
            _log(_context, (int)LevelOf(level), (sbyte*)message);
        }

        ArrayPool<byte>.Shared.Return(bytes);
    }

    // Not by the Console class, which changes how a Unix process handles terminals and signals, and not at a position, as
    // RandomAccess writes: others write there, too. What cannot be written is lost, for there is nowhere else to say so.
    private static void WriteToStandardError(LogLevel level, string text)
    {
        string name = LevelOf(level) switch
        {
            sp2_log_level.SP2_LOG_WARNING => "warning",
            sp2_log_level.SP2_LOG_INFO => "info",
            _ => "debug",
        };
        byte[] line = Encoding.UTF8.GetBytes($"spead2aot: {name}: {text}\n");
        if (OperatingSystem.IsWindows())
        {
            using Stream error = Console.OpenStandardError();
            error.Write(line);
            return;
        }

        fixed (byte* bytes = line)
        {
            _ = Libc.write(StandardError, bytes, (nuint)line.Length);
        }
    }

    private static sp2_log_level LevelOf(LogLevel level) => level switch
    {
        LogLevel.Warning => sp2_log_level.SP2_LOG_WARNING,
        LogLevel.Information => sp2_log_level.SP2_LOG_INFO,
        _ => sp2_log_level.SP2_LOG_DEBUG,
    };
}
