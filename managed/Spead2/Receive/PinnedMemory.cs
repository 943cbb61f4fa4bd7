// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Spead2.Receive;

/// <summary>
/// User-supplied memory that is pinned until it is disposed. Until then it is not finalized either: a thread of the
/// operating system may read it that the garbage collector does not know.
/// </summary>
internal sealed unsafe class PinnedMemory : IDisposable
{
    private readonly MemoryHandle[] _pins;
    private readonly int[] _lengths;
    private GCHandle _root;

    /// <summary>Pins all parts, or none if that fails.</summary>
    public PinnedMemory(IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        int count = parts.Count;
        _pins = new MemoryHandle[count];
        _lengths = new int[count];
        try
        {
            for (int i = 0; i < count; i++)
            {
                ReadOnlyMemory<byte> part = parts[i];
                _pins[i] = part.Pin();
                _lengths[i] = part.Length;
            }

            _root = GCHandle.Alloc(this);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Number of parts.</summary>
    public int Count => _pins.Length;

    /// <summary>Where a part begins.</summary>
    public byte* Address(int index) => (byte*)_pins[index].Pointer;

    /// <summary>Bytes of a part.</summary>
    public int Length(int index) => _lengths[index];

    /// <summary>Unpins all parts, also if some cannot be unpinned; then throws what the first of these threw.</summary>
    public void Dispose()
    {
        if (_root.IsAllocated)
        {
            _root.Free();
        }

        ExceptionDispatchInfo? first = null;
        foreach (MemoryHandle pin in _pins)
        {
            try
            {
                pin.Dispose();
            }
            catch (Exception exception)
            {
                first ??= ExceptionDispatchInfo.Capture(exception);
            }
        }

        first?.Throw();
    }
}
