// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Engines;

/// <summary>Something that places heaps in chunks.</summary>
internal interface IChunkEngine
{
    /// <summary>What the command line and reports call it.</summary>
    string Name { get; }

    /// <summary>What differs between its chunks and the model's.</summary>
    IReadOnlyList<string> Differences(ChunkTrace trace);
}
