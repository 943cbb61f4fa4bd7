// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2;

/// <summary>Keeps a native object from being destroyed while it is in use.</summary>
internal readonly struct HandleLease : IDisposable
{
    private readonly SafeHandle _handle;

    /// <exception cref="ObjectDisposedException">The object has been destroyed.</exception>
    public HandleLease(SafeHandle handle)
    {
        bool added = false;
        handle.DangerousAddRef(ref added);
        _handle = handle;
    }

    public void Dispose() => _handle.DangerousRelease();
}
