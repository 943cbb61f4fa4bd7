// SPDX-License-Identifier: MIT

using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Differential.Engines;

/// <summary>The engines that are compared with the model.</summary>
internal static class EngineList
{
    // One for all streams of an engine: threads cost more than most traces.
    private static readonly Lazy<IoThreadPool> CorePool = new(() => new IoThreadPool());
    private static readonly Lazy<ManagedIoThreadPool> ManagedPool = new(() => new ManagedIoThreadPool());

    /// <summary>All of them.</summary>
    public static IReadOnlyList<IEngine> All { get; } =
    [
        new StreamEngine("core", options => new ReceiveStream(options, CorePool.Value)),
        new StreamEngine("managed", options => new ManagedReceiveStream(options, ManagedPool.Value)),
    ];

    /// <summary>The engines of these names; all of them if there is no name.</summary>
    /// <exception cref="ArgumentException">There is no engine of a name.</exception>
    public static IReadOnlyList<IEngine> Named(IReadOnlyCollection<string> names) =>
        names.Count == 0 ? All : [.. names.Select(Named)];

    private static IEngine Named(string name) =>
        All.FirstOrDefault(engine => engine.Name == name) ?? throw new ArgumentException(
            $"There is no engine '{name}'; there are: {string.Join(", ", All.Select(engine => engine.Name))}.");
}
