// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Engines;

/// <summary>How a stream is given up.</summary>
public enum Ending
{
    Dispose,
    DisposeAsync,

    /// <summary>From two threads at the same time.</summary>
    TwoThreads,

    /// <summary>While another thread stops it.</summary>
    WhileStopping,

    /// <summary>While another thread reads its statistics again and again.</summary>
    WhileStatisticsAreRead,

    /// <summary>From what runs when a read has ended.</summary>
    InContinuation,

    /// <summary>From its logger.</summary>
    InLogger,

    /// <summary>It is only forgotten.</summary>
    Finalizer,
}
