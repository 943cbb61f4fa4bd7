// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>Calls on an object of a C program's, so that its end can wait for those that should not run any more.</summary>
internal sealed class CallCounter
{
    private readonly object _gate = new();
    private int _calls;
    private bool _closed;

    /// <summary>Begins a call; false if the object is being destroyed.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _calls++;
            }

            return !_closed;
        }
    }

    /// <summary>Ends a call.</summary>
    public void Exit()
    {
        lock (_gate)
        {
            if (--_calls == 0 && _closed)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Lets no further call begin, and waits for those that have.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            while (_calls != 0)
            {
                Monitor.Wait(_gate);
            }
        }
    }
}
