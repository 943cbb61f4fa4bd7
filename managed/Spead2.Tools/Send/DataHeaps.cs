// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>Heaps with one item of known bytes (<see cref="HeapContent"/>).</summary>
internal sealed class DataHeaps : IHeapSource
{
    private readonly byte[]?[] _contents;
    private readonly int _size;
    private readonly HeapToSend _heap = new();
    private readonly bool _isHeapZero;
    private int _next;

    /// <summary>Makes heaps.</summary>
    /// <param name="size">Bytes of each.</param>
    /// <param name="atATime">Heaps that are sent at a time: each has memory of its own.</param>
    /// <param name="isHeapZero">Whether each is sent as heap 0, whose content it has then.</param>
    public DataHeaps(int size, int atATime, bool isHeapZero = false)
    {
        _size = size;
        _contents = new byte[atATime][];
        _isHeapZero = isHeapZero;
    }

    public ulong CntOf(ulong number) => _isHeapZero ? 0 : number;

    public HeapToSend Next(ulong cnt, int destination)
    {
        byte[] content = _contents[_next] ??= new byte[_size];
        _next = (_next + 1) % _contents.Length;
        HeapContent.Fill(content, CntOf(cnt));
        _heap.Clear();
        _heap.AddItem(HeapContent.DataId, content, allowImmediate: false);
        return _heap;
    }

    public void Dispose()
    {
        // There is only memory of the garbage collector.
    }
}
