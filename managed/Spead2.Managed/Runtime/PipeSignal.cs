// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Managed.Linux;

namespace Spead2.Managed;

/// <summary>A pipe with a byte in it while the signal is set: for systems without eventfd.</summary>
internal sealed unsafe class PipeSignal : ReadySignal
{
    private readonly int _readEnd;
    private readonly int _writeEnd;

    /// <exception cref="Spead2Exception">The operating system has none to give.</exception>
    public PipeSignal()
    {
        int* ends = stackalloc int[2];
        if (Libc.pipe(ends) != 0)
        {
            throw StatusException.Os(
                $"cannot open a handle for event loops: {Marshal.GetLastPInvokeErrorMessage()}",
                Marshal.GetLastPInvokeError());
        }

        _readEnd = ends[0];
        _writeEnd = ends[1];
    }

    public override nint Handle => _readEnd;

    public override void Set()
    {
        byte one = 1;
        _ = Libc.write(_writeEnd, &one, 1);
    }

    public override void Clear()
    {
        byte one;
        _ = Libc.read(_readEnd, &one, 1);
    }

    public override void Dispose()
    {
        _ = Libc.close(_readEnd);
        _ = Libc.close(_writeEnd);
    }
}
