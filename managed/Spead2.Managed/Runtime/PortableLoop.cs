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

    protected override void RunReady(int milliseconds)
    {
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
