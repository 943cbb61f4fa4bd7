// SPDX-License-Identifier: MIT

namespace Spead2.Fuzz.Items;

/// <summary>A case that breaks a rule.</summary>
/// <param name="Case">Its number.</param>
/// <param name="Problem">The rule, or the exception that must not come out.</param>
/// <param name="Input">The heaps.</param>
internal sealed record ItemFinding(long Case, string Problem, string Input);
