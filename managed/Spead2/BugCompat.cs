// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>
/// Bugs of PySPEAD 0.5.2 to be compatible with when descriptors are read or written
/// (spead2: <c>bug_compat</c>).
/// </summary>
[Flags]
public enum BugCompat
{
    /// <summary>No bug: descriptors follow the protocol document.</summary>
    None = 0,

    /// <summary>Format fields take 4 bytes and shape fields 8 bytes, whatever the flavour.</summary>
    DescriptorWidths = 1,

    /// <summary>A variable dimension is marked by bit 1 of a shape field instead of bit 0.</summary>
    ShapeBit1 = 2,

    /// <summary>The byte order in NumPy headers is inverted.</summary>
    SwapEndian = 4,

    /// <summary>All bugs of PySPEAD 0.5.2.</summary>
    PySpead052 = DescriptorWidths | ShapeBit1 | SwapEndian,
}
