// SPDX-License-Identifier: MIT
namespace Spead2.Bindings.Tests;

/// <summary>A parameter of a C function or a field of a C struct, with its type as C spells it.</summary>
internal sealed record CVariable(string Name, string Type);
