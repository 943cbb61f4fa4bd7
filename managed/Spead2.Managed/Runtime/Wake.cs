// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// Lets threads sleep until a condition that they test themselves may have changed. The side that changes it pays one
/// load while nobody sleeps.
/// </summary>
/// <example>
/// The side that waits: <c>key = Prepare()</c>; then, if the condition holds, <c>Cancel()</c>, else <c>Wait(key)</c>.
/// The side that changes the condition: change it, a full fence, <c>WakeAll()</c>.
/// </example>
internal sealed class Wake
{
    private readonly object _gate = new();
    private int _epoch;
    private int _waiters;

    /// <summary>Announces a waiter; includes a full fence.</summary>
    public int Prepare()
    {
        Interlocked.Increment(ref _waiters);
        return Volatile.Read(ref _epoch);
    }

    /// <summary>Ends an announcement without waiting.</summary>
    public void Cancel() => Interlocked.Decrement(ref _waiters);

    /// <summary>
    /// Sleeps until <see cref="WakeAll"/> or for a time (negative: without limit), and ends the announcement. May
    /// return early for no reason.
    /// </summary>
    public void Wait(int key, int milliseconds)
    {
        try
        {
            lock (_gate)
            {
                if (_epoch == key)
                {
                    Monitor.Wait(_gate, milliseconds);
                }
            }
        }
        finally
        {
            // A thread that sleeps may be interrupted.
            Cancel();
        }
    }

    /// <summary>Wakes all who wait. The caller has put a full fence before it.</summary>
    public void WakeAll()
    {
        if (Volatile.Read(ref _waiters) != 0)
        {
            lock (_gate)
            {
                _epoch++;
                Monitor.PulseAll(_gate);
            }
        }
    }
}
