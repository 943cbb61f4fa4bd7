// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// The handle by which a stream tells foreign event loops that a heap waits. It costs nothing until somebody asks for
/// it. From then on each thread that changes the ring looks at it afterwards, and the last one to look sees the truth: so
/// it is never left unset while a heap waits.
/// </summary>
internal sealed class ReadyHandle(Ring<LiveHeap> ring) : IDisposable
{
    private readonly Lock _lock = new();
    private volatile ReadySignal? _signal;
    private bool _isSet;
    private bool _disposed;

    /// <summary>The handle, always the same.</summary>
    /// <exception cref="Spead2Exception">The operating system has none to give.</exception>
    /// <exception cref="ObjectDisposedException">The stream has been disposed.</exception>
    public nint Open()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(IReceiveStream));
            ReadySignal signal = _signal ??= ReadySignal.Open();

            // A heap that came before now is to be seen, too.
            Interlocked.MemoryBarrier();
            Update();
            return signal.Handle;
        }
    }

    /// <summary>Brings the handle up to date. After a full fence.</summary>
    public void Update()
    {
        if (_signal is null)
        {
            return;
        }

        lock (_lock)
        {
            bool ready = ring.HasNews;
            if (_signal is not { } signal || ready == _isSet)
            {
                return;
            }

            _isSet = ready;
            if (ready)
            {
                signal.Set();
            }
            else
            {
                signal.Clear();
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _signal?.Dispose();
            _signal = null;
        }
    }
}
