// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Managed;

/// <summary>
/// The side of a size class that those who free blocks change, on other processors than those who allocate: it stands
/// two cache lines apart from everything else, as lines are fetched in pairs.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 3 * Apart)]
internal struct ReturnedBlocks
{
    private const int Apart = 128;

    /// <summary>A list: the address of its first block, and above <see cref="SizeClass"/>'s address bits its length.</summary>
    [FieldOffset(Apart)]
    public ulong List;

    /// <summary>Blocks taken back, ever.</summary>
    [FieldOffset(Apart + sizeof(ulong))]
    public long Given;
}
