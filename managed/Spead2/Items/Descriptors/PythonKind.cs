// SPDX-License-Identifier: MIT

namespace Spead2.Items.Descriptors;

/// <summary>What a Python literal is.</summary>
internal enum PythonKind
{
    Text,
    Integer,
    Boolean,
    None,
    Tuple,
    List,
    Dictionary,
}
