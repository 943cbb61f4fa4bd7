// SPDX-License-Identifier: MIT

using System.Text;
using Spead2.Bindings;

namespace Spead2.Aot;

/// <summary>What failed last, for each thread.</summary>
internal static unsafe class LastError
{
    // Long enough for every message with a host name of 255 bytes in it.
    private const int MessageSize = 1024;

    [ThreadStatic]
    private static byte[]? _message;

    [ThreadStatic]
    private static int _osCode;

    /// <summary>The text, which ends with a zero; empty before the first failure of this thread.</summary>
    public static sbyte* Message => _message is null ? Utf8.Literal(""u8) : Utf8.Pointer(_message);

    /// <summary>The operating system's number; 0 if it was not the operating system.</summary>
    public static int OsCode => _osCode;

    /// <summary>Notes what an export has failed with; gives its status.</summary>
    public static int Set(Exception exception)
    {
        switch (exception)
        {
            case Spead2Exception failure:
                Note(OptionNames.ToC(failure.Message), failure.OsCode);
                return (int)failure.Status;
            case OutOfMemoryException:
                Note("not enough memory", 0);
                return (int)sp2_status.SP2_E_NOMEM;
            case PlatformNotSupportedException:
                Note(exception.Message, 0);
                return (int)sp2_status.SP2_E_UNSUPPORTED;
            case ObjectDisposedException or ArgumentException or FormatException:
                Note(exception.Message, 0);
                return (int)sp2_status.SP2_E_ARG;
            case InvalidOperationException:
                Note(exception.Message, 0);
                return (int)sp2_status.SP2_E_STATE;
            default:
                Note($"unexpected: {exception}", 0);
                return (int)sp2_status.SP2_E_OS;
        }
    }

    private static void Note(string text, int osCode)
    {
        byte[] message = _message ??= GC.AllocateArray<byte>(MessageSize, pinned: true);

        // Cuts between two characters.
        Encoding.UTF8.GetEncoder().Convert(text, message.AsSpan(..^1), flush: true, out _, out int length, out _);
        message[length] = 0;
        _osCode = osCode;
    }
}
