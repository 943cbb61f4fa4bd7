// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Model;

/// <summary>A chunk under assembly.</summary>
internal sealed class NaiveChunk(ChunkTrace trace)
{
    public byte[] Data { get; } = new byte[trace.DataSize];

    public byte[] Present { get; } = new byte[trace.PresentSize];

    public byte[] Extra { get; } = new byte[trace.ExtraSize];
}
