// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Diagnosis;

/// <summary>Something that was looked at.</summary>
/// <param name="Topic">What.</param>
/// <param name="Text">How it is.</param>
internal sealed record Fact(string Topic, string Text);
