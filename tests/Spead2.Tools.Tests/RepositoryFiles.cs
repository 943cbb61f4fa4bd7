// SPDX-License-Identifier: MIT

using System.Reflection;

namespace Spead2.Tools.Tests;

/// <summary>Where files of the repository are; the project file says it.</summary>
internal static class RepositoryFiles
{
    private static readonly string Root = typeof(RepositoryFiles).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    public static string Readme { get; } = Path.Combine(Root, "README.md");
}
