// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Spead2.Testing.Engines;

/// <summary>User-supplied memory that knows whether it is pinned.</summary>
[SuppressMessage("Reliability", "CA2015", Justification = "It is what users do, and the test uses no spans.")]
internal sealed unsafe class TestMemory(byte[] bytes) : MemoryManager<byte>
{
    private readonly void* _copy = Copy(bytes);

    ~TestMemory()
    {
        if (Pins != 0)
        {
            OnFinalizedTooSoon?.Invoke();
        }
    }

    /// <summary>Runs when somebody pins it.</summary>
    public Action? OnPin { get; set; }

    /// <summary>Runs when somebody unpins it, after that was counted.</summary>
    public Action? OnUnpin { get; set; }

    /// <summary>Runs when it is finalized while it is pinned.</summary>
    public Action? OnFinalizedTooSoon { get; set; }

    /// <summary>How often it is pinned.</summary>
    public int Pins { get; private set; }

    public override Span<byte> GetSpan() => new(_copy, bytes.Length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        Pins++;
        OnPin?.Invoke();
        return new((byte*)_copy + elementIndex, pinnable: this);
    }

    public override void Unpin()
    {
        Pins--;
        OnUnpin?.Invoke();
    }

    protected override void Dispose(bool disposing) => NativeMemory.Free(_copy);

    private static void* Copy(byte[] bytes)
    {
        void* copy = NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        return copy;
    }
}
