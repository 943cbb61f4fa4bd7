// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>A handle of a packet source of the C core. The source itself is its stream's.</summary>
internal sealed unsafe class PacketSourceHandle : SafeHandle
{
    /// <summary>Takes over a handle.</summary>
    public PacketSourceHandle(sp2_packet_source* source)
        : base(invalidHandleValue: 0, ownsHandle: true) => SetHandle((nint)source);

    public override bool IsInvalid => handle == 0;

    /// <summary>The native handle, valid while leased.</summary>
    public sp2_packet_source* Source => (sp2_packet_source*)handle;

    protected override bool ReleaseHandle()
    {
        NativeMethods.sp2_packet_source_release(Source);
        return true;
    }
}
