// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>Heaps with one item of known bytes (<see cref="HeapContent"/>).</summary>
internal sealed class DataHeaps : IHeapSource
{
    private readonly byte[] _content;
    private readonly HeapToSend _heap = new();

    /// <summary>Makes heaps with so many bytes.</summary>
    public DataHeaps(int size)
    {
        _content = new byte[size];
        _heap.AddItem(HeapContent.DataId, _content, allowImmediate: false);
    }

    public HeapToSend Next(ulong cnt)
    {
        HeapContent.Fill(_content, cnt);
        return _heap;
    }

    public void Dispose()
    {
        // There is only memory of the garbage collector.
    }
}
