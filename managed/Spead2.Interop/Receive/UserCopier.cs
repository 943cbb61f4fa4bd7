// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>Makes a user-supplied copy function look like one of the C core.</summary>
internal sealed unsafe class UserCopier(PacketCopier copier, int customStatistics, NativeLog log)
{
    private readonly FirstFault _fault = new(log);

    /// <summary>The core's copy function; its context is a <see cref="GCHandle{T}"/> of this type.</summary>
    public static delegate* unmanaged[Cdecl]<void*, byte*, sp2_packet_header*, void> Function => &OnCopy;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCopy(void* context, byte* heap, sp2_packet_header* packet) =>
        GCHandle<UserCopier>.FromIntPtr((nint)context).Target.Copy(heap, packet);

    private void Copy(byte* heap, sp2_packet_header* packet)
    {
        try
        {
            copier(NativePacket.HeapOf(heap, packet), NativePacket.Header(packet, customStatistics));
        }
        catch (Exception exception)
        {
            NativePacket.Copy(heap, packet);
            _fault.Say($"The packet copier failed for heap {packet->cnt}; its packet was copied plainly", exception);
        }
    }
}
