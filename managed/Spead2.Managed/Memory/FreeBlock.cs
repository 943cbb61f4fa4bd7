// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What stands at the start of a block that waits to be used again.</summary>
internal unsafe struct FreeBlock
{
    public FreeBlock* Next;
}
