// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// The stream has stopped and every heap has been taken (spead2: <c>spead2.Stopped</c>).
/// </summary>
public sealed class StreamStoppedException : Spead2Exception
{
    /// <summary>Makes an exception.</summary>
    public StreamStoppedException()
        : this("The stream has stopped and every heap has been taken.")
    {
    }

    internal StreamStoppedException(string message)
        : base(message, Spead2Status.Stopped)
    {
    }
}
