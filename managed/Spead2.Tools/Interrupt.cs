// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Tools;

/// <summary>
/// Ends an action in an orderly way at the first Ctrl-C (or request to terminate). The second one ends the process.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Lock _gate = new();
    private Action? _stop;
    private int _count;

    public Interrupt(Action stop)
    {
        _stop = stop;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        ];
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        // A signal may be on its way to Handle: from here on there is nothing left to stop.
        lock (_gate)
        {
            _stop = null;
        }
    }

    private void Handle(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _count) == 1)
        {
            context.Cancel = true;
            lock (_gate)
            {
                _stop?.Invoke();
            }
        }
    }
}
