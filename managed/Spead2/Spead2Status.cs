// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>
/// What kind of failure it was: the same numbers in the C interface (<c>sp2_status</c>) and on every operating system.
/// A released number is never reused; later versions may know more of them.
/// </summary>
public enum Spead2Status
{
    /// <summary>No failure.</summary>
    Success = 0,

    /// <summary>An argument is not valid.</summary>
    InvalidArgument = -1,

    /// <summary>Not enough memory.</summary>
    OutOfMemory = -2,

    /// <summary>
    /// The operating system refused the request; <see cref="Spead2Exception.OsCode"/> is its number.
    /// </summary>
    OperatingSystem = -3,

    /// <summary>No heap is waiting.</summary>
    Empty = -4,

    /// <summary>The stream has stopped and every heap has been taken.</summary>
    Stopped = -5,

    /// <summary>The time ran out before a heap arrived.</summary>
    Timeout = -6,

    /// <summary>The caller uses a feature that the library does not know yet.</summary>
    TooNew = -7,

    /// <summary>Not supported on this system.</summary>
    NotSupported = -8,

    /// <summary>The host name or address cannot be used.</summary>
    InvalidAddress = -9,

    /// <summary>Not possible any more, or not yet.</summary>
    InvalidState = -10,

    /// <summary>Made before a fork: only the parent process can use it.</summary>
    Forked = -11,

    /// <summary>The queue of the send stream has no room for so many heaps.</summary>
    QueueFull = -12,
}
