// SPDX-License-Identifier: MIT

namespace Spead2.Items.Descriptors;

/// <summary>What became of a packet of an inner heap.</summary>
internal enum InnerVerdict
{
    /// <summary>It is part of the heap.</summary>
    Added,

    /// <summary>It does not continue the heap.</summary>
    PassedOver,

    /// <summary>With it the heap would be too large for a descriptor.</summary>
    TooLarge,
}
