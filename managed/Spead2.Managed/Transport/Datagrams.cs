// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Datagrams in memory that does not move until they are disposed.</summary>
internal abstract class Datagrams : IDisposable
{
    /// <summary>Number of datagrams.</summary>
    public abstract long Count { get; }

    public abstract ReadOnlySpan<byte> this[long index] { get; }

    /// <summary>Gives the memory up. Once.</summary>
    public abstract void Dispose();
}
