// SPDX-License-Identifier: MIT

using System.Buffers;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Datagrams that are pinned.</summary>
internal sealed unsafe class PinnedDatagrams : Datagrams
{
    private readonly MemoryHandle[] _pins;
    private readonly int[] _lengths;

    /// <summary>Pins all, or none if that fails.</summary>
    public PinnedDatagrams(IReadOnlyList<ReadOnlyMemory<byte>> datagrams)
    {
        int count = datagrams.Count;
        _pins = new MemoryHandle[count];
        _lengths = new int[count];
        try
        {
            for (int i = 0; i < count; i++)
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

    public override long Count => _pins.Length;

    public override ReadOnlySpan<byte> this[long index] => new(_pins[index].Pointer, _lengths[index]);

    public override void Dispose() => Pins.Release(_pins);
}
