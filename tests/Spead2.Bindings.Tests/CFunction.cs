// SPDX-License-Identifier: MIT
namespace Spead2.Bindings.Tests;

/// <summary>A function of the C interface.</summary>
internal sealed record CFunction(string Name, string ReturnType, IReadOnlyList<CVariable> Parameters, string Comment);
