// SPDX-License-Identifier: MIT

using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Differential.Engines;

/// <summary>The engines that are compared with the model.</summary>
internal static class EngineList
{
    public const string AotName = "aot";

    // One for all streams of an engine: threads cost more than most traces.
    private static readonly Lazy<IoThreadPool> Pool = new(() => new IoThreadPool());

    private static readonly string CoreLibrary =
        Environment.GetEnvironmentVariable("SPEAD2_CORE_LIBRARY") ?? Library("NativeLibrary");

    public static readonly string AotLibrary = Library("AotLibrary");

    /// <summary>
    /// All of them; the AOT library only where it has been built. The core is there twice: behind .NET, and as a C
    /// program has it, so that what only the AOT library does is its own.
    /// </summary>
    public static IReadOnlyList<IEngine> All { get; } =
    [
        new StreamEngine("core", options => new ReceiveStream(options, NullLogger.Instance, Pool.Value)),
        new StreamEngine("managed", options => new ManagedReceiveStream(options, NullLogger.Instance, Pool.Value)),
        new HostEngine("core-c", CoreLibrary),
        .. File.Exists(AotLibrary) ? (IEngine[])[new HostEngine(AotName, AotLibrary)] : [],
    ];

    /// <summary>Why an engine is not there, by its name.</summary>
    public static IReadOnlyDictionary<string, string> Missing { get; } = All.Any(engine => engine.Name == AotName)
        ? new Dictionary<string, string>()
        : new Dictionary<string, string> { [AotName] = $"{AotLibrary} has not been built: ./build.sh aot" };

    /// <summary>The engines of these names; all of them if there is no name.</summary>
    /// <exception cref="ArgumentException">There is no engine of a name.</exception>
    public static IReadOnlyList<IEngine> Named(IReadOnlyCollection<string> names) =>
        names.Count == 0 ? All : [.. names.Select(Named)];

    private static IEngine Named(string name) =>
        All.FirstOrDefault(engine => engine.Name == name) ?? throw new ArgumentException(
            Missing.TryGetValue(name, out string? reason)
                ? $"The engine '{name}' is not there: {reason}."
                : $"There is no engine '{name}'; there are: {string.Join(", ", All.Select(engine => engine.Name))}.");

    private static string Library(string key) =>
        typeof(EngineList).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == key).Value!;
}
