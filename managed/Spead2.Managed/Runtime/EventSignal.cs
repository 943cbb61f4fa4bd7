// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>An event of Windows.</summary>
internal sealed class EventSignal : ReadySignal
{
    private readonly ManualResetEvent _event = new(initialState: false);

    public override nint Handle => _event.SafeWaitHandle.DangerousGetHandle();

    public override void Set() => _event.Set();

    public override void Clear() => _event.Reset();

    public override void Dispose() => _event.Dispose();
}
