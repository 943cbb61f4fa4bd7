// SPDX-License-Identifier: MIT
namespace Spead2.Bindings.Tests;

/// <summary>A struct of the C interface; one that is not complete is opaque.</summary>
internal sealed record CStruct(string Name, IReadOnlyList<CVariable> Fields, bool IsComplete);
