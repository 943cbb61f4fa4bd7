// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>A call on a chunk group while it runs.</summary>
internal readonly ref struct ChunkGroupCall(NativeChunkGroup group) : IDisposable
{
    public NativeChunkGroup Group => group;

    public void Dispose() => group.Calls.Exit();
}
