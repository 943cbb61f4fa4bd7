// SPDX-License-Identifier: MIT

namespace Spead2.Testing.Engines;

/// <summary>How a program ends.</summary>
public enum ExitWay
{
    /// <summary>Main returns.</summary>
    Return,

    /// <summary>Main calls Environment.Exit.</summary>
    Exit,

    /// <summary>What runs after a read calls it.</summary>
    ExitInContinuation,

    /// <summary>A logger calls it.</summary>
    ExitInLogger,

    /// <summary>A packet copier calls it, on a thread that receives.</summary>
    ExitInCopier,

    /// <summary>Nobody catches an exception of Main.</summary>
    Throw,

    /// <summary>Nobody catches an exception of another thread.</summary>
    ThrowOnThread,

    /// <summary>It gets SIGTERM.</summary>
    Terminate,
}
