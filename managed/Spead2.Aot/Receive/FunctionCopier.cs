// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>A user-supplied copy function.</summary>
internal sealed unsafe class FunctionCopier(
    delegate* unmanaged[Cdecl]<void*, byte*, sp2_packet_header*, void> copy, void* context)
{
    /// <summary>Copies a packet into its heap, which lies in native memory.</summary>
    public void Copy(Span<byte> heap, in PacketHeader packet)
    {
        sp2_packet_header header = CPacketHeader.Of(packet);
        copy(context, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(heap)), &header);
    }
}
