// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Failures with the status codes of the C interface.</summary>
internal static class StatusException
{
    /// <summary>The operating system refused the request.</summary>
    public static Spead2Exception Os(string message, int osCode) => new(message, Spead2Status.OperatingSystem, osCode);

    /// <summary>An argument is not valid.</summary>
    public static Spead2Exception Argument(string message, int osCode = 0) =>
        new(message, Spead2Status.InvalidArgument, osCode);

    /// <summary>The host name or address cannot be used.</summary>
    public static Spead2Exception Address(string message, int osCode = 0) =>
        new(message, Spead2Status.InvalidAddress, osCode);

    /// <summary>Not enough memory.</summary>
    public static Spead2Exception NoMemory(string what) =>
        new($"not enough memory for {what}", Spead2Status.OutOfMemory);
}
