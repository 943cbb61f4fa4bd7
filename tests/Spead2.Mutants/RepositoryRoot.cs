// SPDX-License-Identifier: MIT

using System.Reflection;

namespace Spead2.Mutants;

/// <summary>Where the sources are that this was built from.</summary>
internal static class RepositoryRoot
{
    /// <summary>The folder.</summary>
    public static string Path { get; } = typeof(RepositoryRoot).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => one.Key == "RepositoryRoot").Value!;
}
