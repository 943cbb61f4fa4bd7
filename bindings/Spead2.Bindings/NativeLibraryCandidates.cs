// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Spead2.Bindings;

/// <summary>Where the C core may be.</summary>
internal static class NativeLibraryCandidates
{
    /// <summary>An environment variable with the library's path; nothing else is tried then.</summary>
    public const string OverrideVariable = "SPEAD2_CORE_LIBRARY";

    /// <summary>The library's name in the bindings; as a candidate it stands for .NET's own search.</summary>
    public const string LibraryName = "spead2core";

    /// <summary>The library's file name on this system.</summary>
    public static string FileName =>
        OperatingSystem.IsWindows() ? $"{LibraryName}.dll"
        : OperatingSystem.IsMacOS() ? $"lib{LibraryName}.dylib"
        : $"lib{LibraryName}.so";

    /// <summary>
    /// The runtime identifier that packages use, for example linux-x64; .NET's own may be that of a distribution.
    /// </summary>
    private static string PortableRuntimeIdentifier
    {
        get
        {
            string system =
                OperatingSystem.IsWindows() ? "win"
                : OperatingSystem.IsMacOS() ? "osx"
                : RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ? "linux-musl"
                : "linux";
            return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        }
    }

    /// <summary>The assembly's directory; empty in a single-file program.</summary>
    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "An empty location is expected.")]
    private static string AssemblyDirectory =>
        Path.GetDirectoryName(typeof(NativeLibraryCandidates).Assembly.Location) ?? "";

    /// <summary>Full paths, and at the end the bare name, in the order in which they are to be tried.</summary>
    public static IReadOnlyList<string> InOrder()
    {
        string? only = Environment.GetEnvironmentVariable(OverrideVariable);
        if (!string.IsNullOrEmpty(only))
        {
            return [Path.GetFullPath(only)];
        }

        string[] directories = [AppContext.BaseDirectory, AssemblyDirectory];
        return
        [
            .. directories.Where(Path.IsPathFullyQualified).SelectMany(PathsIn).Select(Path.GetFullPath).Distinct(),
            LibraryName,
        ];
    }

    private static string[] PathsIn(string directory) =>
    [
        Path.Combine(directory, FileName),
        Path.Combine(directory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native", FileName),
        Path.Combine(directory, "runtimes", PortableRuntimeIdentifier, "native", FileName),
    ];
}
