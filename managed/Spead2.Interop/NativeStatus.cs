// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using Spead2.Bindings;

namespace Spead2;

/// <summary>Turns status codes of the C core into exceptions.</summary>
internal static unsafe class NativeStatus
{
    /// <summary>Throws if the call that this thread made last has failed.</summary>
    /// <inheritdoc cref="Throw" path="/exception"/>
    public static void ThrowIfFailed(int status)
    {
        if (status != (int)sp2_status.SP2_OK)
        {
            Throw(status);
        }
    }

    /// <summary>Throws for the call that this thread made last.</summary>
    /// <exception cref="InvalidOperationException">The object's state does not allow the call.</exception>
    /// <exception cref="Spead2Exception">Any other failure.</exception>
    [DoesNotReturn]
    public static void Throw(int status)
    {
        string message = OptionNames.ToDotNet(NativeText.ToString(NativeMethods.sp2_last_error_message()));
        throw status == (int)sp2_status.SP2_E_STATE
            ? new InvalidOperationException(message)
            : new Spead2Exception(
                message,
                (Spead2Status)status,
                NativeMethods.sp2_last_error_os_code());
    }
}
