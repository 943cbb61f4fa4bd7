// SPDX-License-Identifier: MIT
namespace Spead2.Bindings.Tests;

/// <summary>A name of a C enumeration.</summary>
internal sealed record CEnumerator(string Enumeration, string Name);
