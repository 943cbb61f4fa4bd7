// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>A call on a stream while it runs.</summary>
internal readonly ref struct StreamCall(NativeStream stream) : IDisposable
{
    public NativeStream Stream => stream;

    public void Dispose() => stream.Calls.Exit();
}
