// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>An event loop for every operating system: sources that become ready post their tasks.</summary>
internal sealed class PortableLoop : EventLoop
{
    private readonly object _gate = new();
    private bool _awake;

    /// <inheritdoc/>
    public PortableLoop(string name, Action started, Action ended)
        : base(name, started, ended)
    {
        Start();
    }

    // Rounded down: what is due within a millisecond is looked for again and again.
    protected override void RunReady(long nanoseconds)
    {
        int milliseconds = nanoseconds < 0
            ? Timeout.Infinite
            : (int)Math.Min(nanoseconds / Clock.NanosecondsPerMillisecond, int.MaxValue);
        lock (_gate)
        {
            if (!_awake && milliseconds != 0)
            {
                Monitor.Wait(_gate, milliseconds);
            }

            _awake = false;
        }
    }

    protected override void WakeUp()
    {
        lock (_gate)
        {
            _awake = true;
            Monitor.Pulse(_gate);
        }
    }

    protected override void Close()
    {
        // Nothing but memory is held.
    }
}
