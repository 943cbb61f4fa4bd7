// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Keeps a stream from being destroyed during a call.</summary>
internal readonly struct StreamLease : IDisposable
{
    private readonly StreamCore _stream;

    /// <exception cref="ObjectDisposedException">The stream has been given up.</exception>
    public StreamLease(StreamCore stream)
    {
        ObjectDisposedException.ThrowIf(!stream.TryRetain(), typeof(ManagedReceiveStream));
        _stream = stream;
    }

    public void Dispose() => _stream.Release(wait: !HeapFunction.RunsOnThisThread);
}
