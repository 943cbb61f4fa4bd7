// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Work that an event loop does on its thread, one task at a time.</summary>
internal abstract class LoopTask
{
    /// <summary>The loop's: the task that was posted after this one.</summary>
    internal LoopTask? NextPosted { get; set; }

    /// <summary>The loop's: whether the task waits to run.</summary>
    internal bool IsPosted { get; set; }

    /// <summary>The loop's: when the task is to be posted, as a time stamp of the system's; 0 if at no time.</summary>
    internal long DueAt { get; set; }

    /// <summary>Does the work. Must not throw.</summary>
    public abstract void Run();
}
