// SPDX-License-Identifier: MIT

using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>A send stream in the hands of a C program.</summary>
internal sealed class NativeSendStream(SendCore core)
{
    public SendCore Core => core;

    /// <summary>Calls that run.</summary>
    public CallCounter Calls { get; } = new();

    /// <summary>Sends what is queued and ends the stream, after the calls that are still running. Once.</summary>
    public void Destroy()
    {
        core.Flush(Timeout.InfiniteTimeSpan);
        core.Stop();
        Calls.Close();
        core.Destroy();
    }
}

/// <summary>A call on a send stream while it runs.</summary>
internal readonly ref struct SendCall(NativeSendStream stream) : IDisposable
{
    public SendCore Core => stream.Core;

    public void Dispose() => stream.Calls.Exit();
}
