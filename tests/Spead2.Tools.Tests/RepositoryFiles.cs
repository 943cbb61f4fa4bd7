// SPDX-License-Identifier: MIT

using System.Reflection;

namespace Spead2.Tools.Tests;

/// <summary>Where files of the repository are; the project file says it.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = Metadata("RepositoryRoot");

    public static string Readme { get; } = Path.Combine(Root, "README.md");

    /// <summary>The C core as built by CMake.</summary>
    public static string NativeLibrary { get; } = Metadata("NativeLibrary");

    /// <summary>The managed port, compiled ahead of time.</summary>
    public static string AotLibrary { get; } = Metadata("AotLibrary");

    private static string Metadata(string key) => typeof(RepositoryFiles).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;
}
