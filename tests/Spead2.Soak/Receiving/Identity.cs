// SPDX-License-Identifier: MIT

namespace Spead2.Soak.Receiving;

/// <summary>Two numbers that must be equal.</summary>
/// <param name="Name">What is said to be equal.</param>
/// <param name="Left">One side.</param>
/// <param name="Right">The other.</param>
internal readonly record struct Identity(string Name, long Left, long Right)
{
    /// <summary>What is not explained; 0 if all is well.</summary>
    public long Difference => Left - Right;

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Left} and {Right} differ by {Difference}";
}
