// SPDX-License-Identifier: MIT

using System.Reflection;

namespace Spead2.Package.Tests;

/// <summary>What the project file tells the tests about the repository and its build.</summary>
internal static class Repository
{
    public static string Root { get; } = Metadata("RepositoryRoot");

    public static string Configuration { get; } = Metadata("Configuration");

    /// <summary>Version of the packages.</summary>
    public static string Version { get; } = Metadata("Version");

    /// <summary>The C cores that packages carry if they have been built: file by runtime identifier.</summary>
    public static IReadOnlyDictionary<string, string> NativeBuilds { get; } = Metadata("NativeBuilds").Split(';')
        .Select(build => build.Split('='))
        .ToDictionary(parts => parts[0], parts => parts[1]);

    /// <summary>Text of a file, given by its path from the root.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string Metadata(string key) =>
        typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == key).Value!;
}
