// SPDX-License-Identifier: MIT

using Spead2.Managed.Linux;

namespace Spead2.Managed;

/// <summary>
/// A handle that event loops of other libraries can wait for: readable (on Windows signalled) while it is set. One
/// thread at a time; set and cleared in turns.
/// </summary>
internal abstract class ReadySignal : IDisposable
{
    /// <summary>File descriptor, or handle of an event on Windows.</summary>
    public abstract nint Handle { get; }

    /// <summary>One that is not set, of the kind that the operating system has.</summary>
    /// <exception cref="Spead2Exception">The operating system has none to give.</exception>
    public static ReadySignal Open() => OperatingSystem.IsLinux() ? new EventFdSignal()
        : OperatingSystem.IsWindows() ? new EventSignal()
        : new PipeSignal();

    public abstract void Set();

    public abstract void Clear();

    public abstract void Dispose();
}

/// <summary>An event of Windows.</summary>
internal sealed class EventSignal : ReadySignal
{
    private readonly ManualResetEvent _event = new(initialState: false);

    public override nint Handle => _event.SafeWaitHandle.DangerousGetHandle();

    public override void Set() => _event.Set();

    public override void Clear() => _event.Reset();

    public override void Dispose() => _event.Dispose();
}
