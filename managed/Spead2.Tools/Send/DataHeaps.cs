// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>Heaps with one item of known bytes (<see cref="HeapContent"/>).</summary>
internal sealed class DataHeaps : IHeapSource
{
    private readonly byte[] _content;
    private readonly HeapToSend _heap = new();

    private readonly bool _isHeapZero;

    /// <summary>Makes heaps.</summary>
    /// <param name="size">Bytes of each.</param>
    /// <param name="isHeapZero">Whether each is sent as heap 0, whose content it has then.</param>
    public DataHeaps(int size, bool isHeapZero = false)
    {
        _isHeapZero = isHeapZero;
        _content = new byte[size];
        _heap.AddItem(HeapContent.DataId, _content, allowImmediate: false);
    }

    public ulong CntOf(ulong number) => _isHeapZero ? 0 : number;

    public HeapToSend Next(ulong cnt)
    {
        HeapContent.Fill(_content, CntOf(cnt));
        return _heap;
    }

    public void Dispose()
    {
        // There is only memory of the garbage collector.
    }
}
