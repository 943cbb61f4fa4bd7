// SPDX-License-Identifier: MIT

namespace Spead2.Extensions.Hosting;

/// <summary>What a receiver does when its stream has ended by itself.</summary>
public enum StreamEnd
{
    /// <summary>Nothing more: the other services of the host go on.</summary>
    Rest,

    /// <summary>It receives again, with a new stream from the same sources.</summary>
    Restart,

    /// <summary>It stops the host, which ends with exit code 0: for programs that receive one observation.</summary>
    StopHost,
}
