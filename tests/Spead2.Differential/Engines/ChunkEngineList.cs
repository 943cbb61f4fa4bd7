// SPDX-License-Identifier: MIT

using Spead2.Managed;

namespace Spead2.Differential.Engines;

/// <summary>The engines whose chunks are compared with the model's.</summary>
internal static class ChunkEngineList
{
    /// <summary>All of them; the AOT library only where it has been built.</summary>
    public static IReadOnlyList<IChunkEngine> All { get; } =
    [
        new ChunkEngine("core", options => new Chunks.ChunkGroup(options), () => new InProcessQueue(InProcessQueueBase.Unbounded)),
        new ChunkEngine(
            "managed", options => new ManagedChunkGroup(options), () => new ManagedInProcessQueue(InProcessQueueBase.Unbounded)),
        .. EngineList.Missing.ContainsKey(EngineList.AotName)
            ? (IChunkEngine[])[]
            : [new ChunkProgram(EngineList.AotName, EngineList.AotLibrary)],
    ];

    /// <summary>The engines of these names; all of them if there is no name.</summary>
    /// <exception cref="ArgumentException">There is no engine of a name.</exception>
    public static IReadOnlyList<IChunkEngine> Named(IReadOnlyCollection<string> names) => names.Count == 0 ? All :
    [
        .. names.Select(name => All.FirstOrDefault(engine => engine.Name == name) ?? throw new ArgumentException(
            $"There is no engine '{name}' for chunks; there are: {string.Join(", ", All.Select(engine => engine.Name))}.")),
    ];
}
