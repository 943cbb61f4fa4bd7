// SPDX-License-Identifier: MIT

using System.Buffers;

namespace Spead2.Managed;

/// <summary>Datagrams in memory that does not move until they are disposed.</summary>
internal sealed unsafe class PinnedDatagrams : IDisposable
{
    private readonly MemoryHandle[] _pins;
    private readonly int[] _lengths;

    /// <summary>Pins all, or none if that fails.</summary>
    public PinnedDatagrams(IReadOnlyList<ReadOnlyMemory<byte>> datagrams)
    {
        Count = datagrams.Count;
        _pins = new MemoryHandle[Count];
        _lengths = new int[Count];
        try
        {
            for (int i = 0; i < Count; i++)
            {
                ReadOnlyMemory<byte> datagram = datagrams[i];
                _pins[i] = datagram.Pin();
                _lengths[i] = datagram.Length;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Count { get; }

    public ReadOnlySpan<byte> this[int index] => new(_pins[index].Pointer, _lengths[index]);

    public void Dispose()
    {
        foreach (MemoryHandle pin in _pins)
        {
            pin.Dispose();
        }
    }
}
