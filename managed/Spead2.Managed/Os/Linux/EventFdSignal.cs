// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>An eventfd that is not 0 while the signal is set.</summary>
internal sealed unsafe class EventFdSignal : ReadySignal
{
    private readonly int _fd;

    /// <exception cref="Spead2Exception">The operating system has none to give.</exception>
    public EventFdSignal()
    {
        _fd = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        if (_fd < 0)
        {
            throw StatusException.Os(
                $"cannot open a handle for event loops: {Marshal.GetLastPInvokeErrorMessage()}",
                Marshal.GetLastPInvokeError());
        }

        OpenDescriptors.Add(_fd);
    }

    public override nint Handle => _fd;

    public override void Set()
    {
        ulong one = 1;
        _ = Libc.write(_fd, &one, sizeof(ulong));
    }

    public override void Clear()
    {
        ulong value;
        _ = Libc.read(_fd, &value, sizeof(ulong));
    }

    public override void Dispose()
    {
        OpenDescriptors.Remove(_fd);
        _ = Libc.close(_fd);
    }
}
