// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>The function that a stream calls when it has been asked to.</summary>
internal sealed unsafe class ReadyCallback
{
    // The callback that this thread is inside, so that it may replace itself.
    [ThreadStatic]
    private static ReadyCallback? _inside;

    private readonly object _gate = new();

    // Under the gate:
    private delegate* unmanaged[Cdecl]<void*, void> _function;
    private void* _context;
    private int _calls;

    /// <summary>Sets the function; afterwards the one that it replaced is not running, except on this thread.</summary>
    public void Set(delegate* unmanaged[Cdecl]<void*, void> function, void* context)
    {
        lock (_gate)
        {
            _function = function;
            _context = context;
            while (_calls != 0 && _inside != this)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Calls the function, if there is one. Without any lock.</summary>
    public void Call()
    {
        delegate* unmanaged[Cdecl]<void*, void> function;
        void* context;
        lock (_gate)
        {
            function = _function;
            context = _context;
            _calls++;
        }

        if (function is not null)
        {
            ReadyCallback? outer = _inside;
            _inside = this;
            function(context);
            _inside = outer;
        }

        lock (_gate)
        {
            _calls--;
            Monitor.PulseAll(_gate);
        }
    }
}
