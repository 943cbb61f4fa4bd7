// SPDX-License-Identifier: MIT

using System.Buffers;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Heaps of <see cref="Packets.OfHeap"/> that outlive their stream. One thread at a time.</summary>
internal sealed class KeptHeaps(Keeping keeping)
{
    private const string ItemName = "content";

    private readonly List<(ulong Cnt, Heap Heap)> _heaps = [];
    private readonly List<(ulong Cnt, MemoryHandle Pin, int Length)> _pins = [];
    private readonly List<(ulong Cnt, ItemGroup Items)> _items = [];

    /// <summary>Takes a heap over.</summary>
    public void Add(Heap heap)
    {
        ulong cnt = heap.Cnt;
        switch (keeping)
        {
            case Keeping.Heaps or Keeping.ForgottenHeaps:
                _heaps.Add((cnt, heap));
                break;
            case Keeping.Pins:
                _pins.Add((cnt, heap.Payload.Pin(), heap.Payload.Length));
                heap.Dispose();
                break;
            default:
                ItemGroup items = new();
                items.Add(ItemDescriptor.FromFormat(
                    Packets.ItemId, ItemName, "", ItemShape.Vector, new FormatField('u', 8)));
                items.Update(heap);
                _items.Add((cnt, items));
                heap.Dispose();
                break;
        }
    }

    /// <summary>Fails if a heap has not the bytes any more that were sent.</summary>
    public unsafe void Check()
    {
        foreach ((ulong cnt, Heap heap) in _heaps)
        {
            Check(cnt, heap.Payload.Span);
            GC.KeepAlive(heap);
        }

        foreach ((ulong cnt, MemoryHandle pin, int length) in _pins)
        {
            Check(cnt, new(pin.Pointer, length));
        }

        foreach ((ulong cnt, ItemGroup items) in _items)
        {
            Check(cnt, items[ItemName].AsSpan<byte>());
            GC.KeepAlive(items);
        }
    }

    /// <summary>Gives the heaps up, or leaves them to the garbage collector.</summary>
    public void Release()
    {
        if (keeping == Keeping.Heaps)
        {
            _heaps.ForEach(kept => kept.Heap.Dispose());
        }

        if (keeping == Keeping.Items)
        {
            _items.ForEach(kept => kept.Items.Dispose());
        }

        _pins.ForEach(kept => kept.Pin.Dispose());
        _heaps.Clear();
        _pins.Clear();
        _items.Clear();
    }

    private static void Check(ulong cnt, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.SequenceEqual(Packets.Content(cnt, bytes.Length)))
        {
            Assert.Fail($"Heap {cnt} of {bytes.Length} bytes has others than were sent.");
        }
    }
}
