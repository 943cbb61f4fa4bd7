// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Aot;

/// <summary>The functions of status.h.</summary>
internal static unsafe class StatusExports
{
    [UnmanagedCallersOnly(EntryPoint = "sp2_status_name")]
    public static sbyte* Name(int status) => Utf8.Literal(status switch
    {
        0 => "SP2_OK"u8,
        -1 => "SP2_E_ARG"u8,
        -2 => "SP2_E_NOMEM"u8,
        -3 => "SP2_E_OS"u8,
        -4 => "SP2_E_EMPTY"u8,
        -5 => "SP2_E_STOPPED"u8,
        -6 => "SP2_E_TIMEOUT"u8,
        -7 => "SP2_E_TOO_NEW"u8,
        -8 => "SP2_E_UNSUPPORTED"u8,
        -9 => "SP2_E_ADDRESS"u8,
        -10 => "SP2_E_STATE"u8,
        -11 => "SP2_E_FORKED"u8,
        _ => "SP2_E_UNKNOWN"u8,
    });

    [UnmanagedCallersOnly(EntryPoint = "sp2_status_message")]
    public static sbyte* Message(int status) => Utf8.Literal(status switch
    {
        0 => "success"u8,
        -1 => "an argument is not valid"u8,
        -2 => "not enough memory"u8,
        -3 => "the operating system refused the request"u8,
        -4 => "no heap is waiting"u8,
        -5 => "the stream has stopped and every heap has been taken"u8,
        -6 => "the time ran out before a heap arrived"u8,
        -7 => "the caller uses a feature that this library does not know yet"u8,
        -8 => "not supported by this library on this system"u8,
        -9 => "the host name or address cannot be used"u8,
        -10 => "not possible any more, or not yet"u8,
        -11 => "made before a fork: only the parent process can use it"u8,
        _ => "not a status of this library"u8,
    });

    [UnmanagedCallersOnly(EntryPoint = "sp2_last_error_message")]
    public static sbyte* LastErrorMessage() => LastError.Message;

    [UnmanagedCallersOnly(EntryPoint = "sp2_last_error_os_code")]
    public static int LastErrorOsCode() => LastError.OsCode;
}
