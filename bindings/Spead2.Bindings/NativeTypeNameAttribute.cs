// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Spead2.Bindings;

/// <summary>The C type that a generated declaration stands for.</summary>
[AttributeUsage(AttributeTargets.All)]
[Conditional("DEBUG")]
internal sealed class NativeTypeNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}
