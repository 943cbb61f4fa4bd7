// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>Linux' <c>struct mmsghdr</c> on 64-bit systems.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MMsgHdr
{
    public void* Name;
    public uint NameLength;
    public IoVec* Vectors;
    public nuint VectorCount;
    public byte* Control;
    public nuint ControlLength;
    public int Flags;
    private readonly int _endOfMsgHdr;

    /// <summary>Bytes that were received.</summary>
    public uint Length;

    private readonly uint _endOfMMsgHdr;
}
