// SPDX-License-Identifier: MIT

namespace Spead2.Fuzz.Runner;

/// <summary>A fuzz target: of C in native/fuzz, or the one of C#, items. Paths are relative to the repository's root.</summary>
/// <param name="Name">What the command line calls it.</param>
internal sealed record FuzzTarget(string Name)
{
    /// <summary>Where everything goes that is not checked in.</summary>
    public const string WorkRoot = "artifacts/fuzz";

    /// <summary>The checked-in inputs of the targets of C.</summary>
    public const string CoreCorpus = "native/fuzz/corpus";

    /// <summary>The checked-in inputs of the target of C#.</summary>
    public const string ItemsCorpus = "tests/Spead2.Tests/Items/FuzzCorpus";

    /// <summary>The project of the target of C#.</summary>
    public const string ItemsProject = "tests/Shared/Spead2.Fuzz/Spead2.Fuzz.csproj";

    /// <summary>The CMake preset of the fuzzers.</summary>
    public const string FuzzPreset = "linux-x64-fuzz";

    private const string ItemsName = "items";
    private const string SourcePrefix = "fuzz_";

    /// <summary>All targets, those of C first.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        .. Directory.GetFiles(Path.Combine(RepositoryRoot.Path, "native/fuzz"), $"{SourcePrefix}*.c")
            .Select(file => new FuzzTarget(Path.GetFileNameWithoutExtension(file)[SourcePrefix.Length..]))
            .OrderBy(target => target.Name, StringComparer.Ordinal),
        new(ItemsName),
    ];

    /// <summary>Whether it is C.</summary>
    public bool IsCore => Name != ItemsName;

    /// <summary>Its folder for findings, the log, and new inputs.</summary>
    public string Work => $"{WorkRoot}/{Name}";

    /// <summary>Where its new inputs go.</summary>
    public string NewInputs => $"{Work}/corpus";

    /// <summary>What every run begins with.</summary>
    public string Seeds => $"{WorkRoot}/seeds/{Name}";

    /// <summary>Its checked-in inputs.</summary>
    public string Corpus => IsCore ? $"{CoreCorpus}/{Name}" : ItemsCorpus;

    /// <summary>The program that fuzzes.</summary>
    public string Program =>
        IsCore ? $"build/{FuzzPreset}/native/fuzz/fuzz_{Name}" : $"{Work}/program/Spead2.Fuzz";

    /// <summary>Its findings.</summary>
    public string[] Findings =>
        Directory.Exists(Work) ? [.. Directory.GetFiles(Work, "finding-*").Order(StringComparer.Ordinal)] : [];

    /// <summary>The folders with its inputs that are not empty.</summary>
    public string[] InputFolders =>
        [.. ((string[])[Corpus, NewInputs, Seeds]).Where(folder => Directory.Exists(folder) && InputsIn(folder) > 0)];

    /// <summary>How many inputs there are.</summary>
    public int InputCount => InputFolders.Sum(InputsIn);

    /// <summary>The command that runs one input again.</summary>
    public string ReplayCommand(string file) => IsCore
        ? $"build/{FuzzPreset}/native/fuzz/replay_{Name} {file}"
        : $"dotnet run --configuration Release --project {Path.GetDirectoryName(ItemsProject)} -- replay {file}";

    private static int InputsIn(string folder) => Directory.GetFiles(folder).Length;
}
