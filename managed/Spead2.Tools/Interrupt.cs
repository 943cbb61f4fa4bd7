// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Spead2.Tools;

/// <summary>
/// Ends an action in an orderly way at the first Ctrl-C (or request to terminate). The second one ends the process.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Action _stop;
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
    }

    private void Handle(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _count) == 1)
        {
            context.Cancel = true;
            _stop();
        }
    }
}
