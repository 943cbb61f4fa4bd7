// SPDX-License-Identifier: MIT
using System.Reflection;

namespace Spead2.Bindings.Tests;

/// <summary>Where the files are that the contract is checked against; the project file says it.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = Metadata("RepositoryRoot");

    /// <summary>The last commit whose message is not checked.</summary>
    public static string CommitBase { get; } = Path.Combine(Root, ".ci", "commit-base");

    public static string IncludeDirectory { get; } = Path.Combine(Root, "native", "include");

    public static string UmbrellaHeader { get; } = Path.Combine(IncludeDirectory, "spead2core", "spead2core.h");

    public static string NativeSources { get; } = Path.Combine(Root, "native", "src");

    /// <summary>The table of statistics.</summary>
    public static string StatisticsHeader { get; } = Path.Combine(IncludeDirectory, "spead2core", "statistics.h");

    /// <summary>What C# makes of that table.</summary>
    public static string StatisticsOfDotNet { get; } =
        Path.Combine(Root, "managed", "Spead2", "Receive", "Statistics.Generated.cs");

    /// <summary>The binding of that table.</summary>
    public static string StatisticsBinding { get; } =
        Path.Combine(Root, "bindings", "Spead2.Bindings", "Generated", "sp2_receive_stats.cs");

    /// <summary>The test of that binding.</summary>
    public static string StatisticsSizeTest { get; } =
        Path.Combine(Root, "tests", "Spead2.Bindings.Tests", "Generated", "sp2_receive_statsTests.cs");

    /// <summary>The C program that calls every function at random.</summary>
    public static string Spinner { get; } = Path.Combine(Root, "native", "tests", "test_spinner.c");

    /// <summary>The C tests of what only the AOT library has.</summary>
    public static string ItemTests { get; } = Path.Combine(Root, "native", "tests", "test_items.c");

    /// <summary>The C functions that stand in front of the exports of C#.</summary>
    public static string AotNativeExports { get; } =
        Path.Combine(Root, "managed", "Spead2.Aot", "Native", "exports.c");

    /// <summary>What is said about the AOT library.</summary>
    public static string AotDocument { get; } = Path.Combine(Root, "docs", "aot.md");

    /// <summary>The C interface of the release that programs may have been compiled against.</summary>
    public static string ReleasedInterface { get; } =
        Path.Combine(Root, "tests", "Spead2.Bindings.Tests", "released-interface.txt");

    /// <summary>The words that public text does not use.</summary>
    public static string Glossary { get; } = Path.Combine(Root, "docs", "internals", "glossary.txt");

    /// <summary>Files whose text users see: documentation, headers, and sources with their XML documentation and messages.</summary>
    public static IEnumerable<string> PublicText { get; } =
    [
        .. Directory.EnumerateFiles(Root, "*.md"),
        .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories),
        .. Directory.EnumerateFiles(Path.Combine(Root, "samples"), "*.md", SearchOption.AllDirectories),
        .. Directory.EnumerateFiles(IncludeDirectory, "*.h", SearchOption.AllDirectories),
        .. Directory.EnumerateFiles(NativeSources, "*.[ch]", SearchOption.AllDirectories),
        .. Directory.EnumerateFiles(Path.Combine(Root, "managed"), "*.cs", SearchOption.AllDirectories),
    ];

    /// <summary>A file's path within the repository.</summary>
    public static string Relative(string file) => Path.GetRelativePath(Root, file);

    /// <summary>The C core as built by CMake.</summary>
    public static string NativeLibrary { get; } = Metadata("NativeLibrary");

    /// <summary>The managed port, compiled ahead of time.</summary>
    public static string AotLibrary { get; } = Metadata("AotLibrary");

    private static string Metadata(string key) =>
        typeof(RepositoryFiles).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == key).Value!;
}
