// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>
/// Which byte order elements are wanted in (spead2's <c>new_order</c>). It matters for numbers of whole bytes;
/// integers of other widths are unpacked, always in native order.
/// </summary>
public enum ByteOrder
{
    /// <summary>The order of this machine: what programs compute with.</summary>
    Native,

    /// <summary>The order in which the sender wrote them: never a conversion.</summary>
    AsSent,

    /// <summary>Most significant byte first.</summary>
    BigEndian,

    /// <summary>Least significant byte first.</summary>
    LittleEndian,
}
