// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Spead2.Tests.Receive;

/// <summary>No finalizer runs until this is disposed.</summary>
internal sealed class HeldFinalizers : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ManualResetEventSlim _letGo = new();

    public HeldFinalizers()
    {
        using var held = new ManualResetEventSlim();
        Lose(held, _letGo);
        GC.Collect();
        Assert.That(held.Wait(Patience), "the finalizer that holds the others has not begun");
    }

    public void Dispose() => _letGo.Set();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Lose(ManualResetEventSlim held, ManualResetEventSlim letGo) => _ = new Holder(held, letGo);

    private sealed class Holder(ManualResetEventSlim held, ManualResetEventSlim letGo)
    {
        ~Holder()
        {
            held.Set();
            letGo.Wait(Patience);
        }
    }
}
