// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Send;

namespace Spead2.Aot;

/// <summary>A function of a C program that is told what became of a group.</summary>
internal sealed unsafe class FunctionCompletion(
    delegate* unmanaged[Cdecl]<void*, sp2_send_result*, void> function, void* context) : ISendCompletion
{
    public void Complete(in SendResult result)
    {
        sp2_send_result native = new()
        {
            status = (int)result.Status,
            os_code = result.OsCode,
            bytes = (ulong)result.Bytes,
            packets = (ulong)result.Packets,
            failed = (ulong)result.FailedPackets,
        };
        function(context, &native);
    }
}

/// <summary>A function of a C program that takes packets.</summary>
internal sealed unsafe class FunctionPacketTaker(
    delegate* unmanaged[Cdecl]<void*, ulong, void*, ulong, int> function, void* context)
{
    public int Take(int substream, ReadOnlySpan<byte> packet)
    {
        fixed (byte* bytes = packet)
        {
            return function(context, (ulong)substream, bytes, (ulong)packet.Length);
        }
    }
}
