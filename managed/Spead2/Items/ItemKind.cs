// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>What an element of an item is.</summary>
public enum ItemKind
{
    /// <summary>Unsigned integer of any number of bits.</summary>
    UnsignedInteger,

    /// <summary>Signed integer in two's complement of any number of bits.</summary>
    SignedInteger,

    /// <summary>
    /// IEEE 754 number of 16, 32 or 64 bits, or x86's of 80 bits in 128 (NumPy's <c>f16</c>), which is read as one of
    /// 64.
    /// </summary>
    FloatingPoint,

    /// <summary>
    /// Two numbers as of <see cref="FloatingPoint"/> of 32, 64 or 128 bits: the real and the imaginary part.
    /// </summary>
    Complex,

    /// <summary>Boolean of any number of bits: true if one of them is set.</summary>
    Boolean,

    /// <summary>A character of one byte (format <c>c</c>). A vector of them is a text.</summary>
    Character,

    /// <summary>Bytes of a fixed number, padded with NULs (NumPy's <c>S</c>).</summary>
    Bytes,

    /// <summary>Text of a fixed number of code points in UTF-32, padded with NULs (NumPy's <c>U</c>).</summary>
    Text,

    /// <summary>Bytes of a fixed number without a meaning (NumPy's <c>V</c>).</summary>
    Raw,

    /// <summary>
    /// A time (NumPy's <c>M8</c>): a 64-bit number of <see cref="ItemType.TimeUnit"/> since 1970.
    /// </summary>
    DateTime,

    /// <summary>A length of time (NumPy's <c>m8</c>): a 64-bit number of <see cref="ItemType.TimeUnit"/>.</summary>
    TimeSpan,

    /// <summary>Several named fields.</summary>
    Record,

    /// <summary>
    /// The descriptor breaks a rule or has a type that is not supported (<see cref="ItemType.Fault"/>): values have
    /// bytes, and no elements.
    /// </summary>
    Unknown,
}
