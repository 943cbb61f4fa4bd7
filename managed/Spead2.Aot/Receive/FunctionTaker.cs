// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>A function of a C program that takes every heap of a stream.</summary>
internal sealed unsafe class FunctionTaker(delegate* unmanaged[Cdecl]<void*, sp2_heap*, void> function, void* context)
{
    /// <summary>Hands a heap over; null tells of the end.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory to hand it over; it was freed.</exception>
    public void Take(LiveHeap? heap) => function(context, heap is null ? null : NewHandle(heap));

    private static sp2_heap* NewHandle(LiveHeap heap)
    {
        try
        {
            return (sp2_heap*)HandleTable.Add(HandleKind.Heap, new NativeHeap(heap));
        }
        catch
        {
            heap.Free();
            throw;
        }
    }
}
