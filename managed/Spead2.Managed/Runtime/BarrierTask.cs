// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Tells when its turn has come.</summary>
internal sealed class BarrierTask : LoopTask, IDisposable
{
    private readonly ManualResetEventSlim _reached = new();

    public override void Run() => _reached.Set();

    public void Wait() => _reached.Wait();

    public void Dispose() => _reached.Dispose();
}
