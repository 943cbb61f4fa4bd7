// SPDX-License-Identifier: MIT

using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>Failures with the sentences of the C core.</summary>
internal static class Failure
{
    /// <summary>An argument must not be NULL.</summary>
    public static Spead2Exception Null(string function, string argument) =>
        Argument($"{function}: {argument} must not be NULL");

    /// <summary>An argument is not valid.</summary>
    public static Spead2Exception Argument(string message) => StatusException.Argument(message);

    /// <summary>The caller uses what this library does not know yet.</summary>
    public static Spead2Exception TooNew(string message) => new(message, Spead2Status.TooNew);

    /// <summary>Not possible any more, or not yet.</summary>
    public static Spead2Exception State(string message) => new(message, Spead2Status.InvalidState);

    /// <summary>Not possible with this library.</summary>
    public static Spead2Exception Unsupported(string message) => new(message, Spead2Status.NotSupported);

    /// <summary>Flags that nobody has defined yet.</summary>
    public static Spead2Exception UnknownFlags(string options, uint unknown) =>
        TooNew($"{options}.flags has 0x{unknown:x}, which this library does not know yet");

    /// <summary>A reserved field is not zero.</summary>
    public static Spead2Exception Reserved(string options, uint value) =>
        Argument($"{options}.reserved must be 0, not {value}");
}
