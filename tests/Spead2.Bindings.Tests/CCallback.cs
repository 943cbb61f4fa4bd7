// SPDX-License-Identifier: MIT
namespace Spead2.Bindings.Tests;

/// <summary>The signature behind a typedef of a pointer to a function.</summary>
internal sealed record CCallback(string ReturnType, IReadOnlyList<string> ParameterTypes);
