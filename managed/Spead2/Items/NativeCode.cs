// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>The .NET type that elements are read as.</summary>
internal enum NativeCode
{
    Byte,
    SByte,
    UInt16,
    Int16,
    UInt32,
    Int32,
    UInt64,
    Int64,
    Half,
    Single,
    Double,
    ComplexSingle,
    Complex,
    Boolean,
    Character,
    BigInteger,
    Bytes,
    Text,
    Time,
    Raw,
    Record,
    Unknown,
}
