// SPDX-License-Identifier: MIT
using System.Reflection;

namespace Spead2.Aot.Tests;

/// <summary>Where the files are that the tests need; the project file says it.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = Metadata("RepositoryRoot");

    /// <summary>The managed port, compiled ahead of time.</summary>
    public static string AotLibrary { get; } = Metadata("AotLibrary");

    /// <summary>The C core as built by CMake.</summary>
    public static string NativeLibrary { get; } = Metadata("NativeLibrary");

    private static string Metadata(string key) =>
        typeof(RepositoryFiles).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == key).Value!;
}
