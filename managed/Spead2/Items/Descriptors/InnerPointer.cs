// SPDX-License-Identifier: MIT

namespace Spead2.Items.Descriptors;

/// <summary>An item pointer of an inner heap.</summary>
internal readonly struct InnerPointer(ulong pointer, int addressBits)
{
    public ulong Bits { get; } = pointer;

    public bool IsImmediate => Bits >> 63 != 0;

    public long Id => (long)((Bits & long.MaxValue) >> addressBits);

    /// <summary>Value of an immediate, or address.</summary>
    public long Value => (long)(Bits & ((1UL << addressBits) - 1));

    /// <summary>Whether its value is the identifier of the described item.</summary>
    public bool IsDescribedId => IsImmediate && Id == ItemId.DescriptorId;
}
