// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2;

/// <summary>Turns status codes of the C core into exceptions.</summary>
internal static unsafe class NativeStatus
{
    /// <summary>Throws if the call that this thread made last has failed.</summary>
    /// <exception cref="Spead2Exception">It has.</exception>
    public static void ThrowIfFailed(int status)
    {
        if (status != (int)sp2_status.SP2_OK)
        {
            Throw(status);
        }
    }

    /// <summary>Throws for the call that this thread made last.</summary>
    /// <exception cref="Spead2Exception">Always.</exception>
    [DoesNotReturn]
    public static void Throw(int status) => throw new Spead2Exception(
        Text(NativeMethods.sp2_last_error_message()),
        status,
        Text(NativeMethods.sp2_status_name(status)),
        NativeMethods.sp2_last_error_os_code());

    private static string Text(sbyte* utf8) => Marshal.PtrToStringUTF8((nint)utf8)!;
}
