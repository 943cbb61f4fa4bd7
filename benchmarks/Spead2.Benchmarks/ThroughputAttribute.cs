// SPDX-License-Identifier: MIT

namespace Spead2.Benchmarks;

/// <summary>Says how many bytes a benchmark produces per operation, for <see cref="ThroughputColumn"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ThroughputAttribute(long bytes) : Attribute
{
    /// <summary>Bytes per operation.</summary>
    public long Bytes => bytes;
}
