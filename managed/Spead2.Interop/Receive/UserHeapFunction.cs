// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>Makes a user-supplied function that takes heaps look like one of the C core.</summary>
internal sealed unsafe class UserHeapFunction(HeapFunction function, NativeLog log)
{
    private readonly FirstFault _fault = new(log);

    /// <summary>The core's function; its context is a <see cref="GCHandle{T}"/> of this type.</summary>
    public static delegate* unmanaged[Cdecl]<void*, sp2_heap*, void> Function => &OnHeap;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnHeap(void* context, sp2_heap* heap) =>
        GCHandle<UserHeapFunction>.FromIntPtr((nint)context).Target.Take(heap);

    private void Take(sp2_heap* heap)
    {
        try
        {
            function.Call(heap is null ? null : NativeHeap.Own(heap));
        }
        catch (Exception exception)
        {
            _fault.Say("onHeap failed", exception);
        }
    }
}
