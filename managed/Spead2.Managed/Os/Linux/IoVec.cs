// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>Linux' <c>struct iovec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVec
{
    public byte* Base;
    public nuint Length;
}
