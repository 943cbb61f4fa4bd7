// SPDX-License-Identifier: MIT

using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using Spead2.Mutants.Running;
using Spead2.Mutants.Sources;

namespace Spead2.Mutants.Languages;

/// <summary>A C# project whose files are changed.</summary>
internal sealed class CSharpProject
{
    private const string Switch = "MutantSwitch";
    private const string Framework = "net10.0";

    private readonly MutantTree _tree;
    private readonly string _namespace;
    private readonly CSharpCompilation _compilation;
    private readonly CSharpParseOptions _parsing;

    /// <param name="tree">The copy of the sources, with what the project needs restored.</param>
    /// <param name="folder">The project's folder.</param>
    /// <param name="changed">Folders below it whose files are changed; empty: all of it.</param>
    public CSharpProject(MutantTree tree, string folder, params string[] changed)
    {
        _tree = tree;
        _namespace = Path.GetFileName(folder);
        tree.Write($"{folder}/{Switch}.cs", SwitchText(_namespace));
        string kept = tree.PathOf($"artifacts/{_namespace}.json");
        if (!tree.IsReused)
        {
            File.WriteAllText(kept, ChildProcess.Run(
                tree.Folder, "dotnet", "build", folder, "--configuration", "Release", "--framework", Framework, "-p:RunAnalyzers=false",
            "-target:Build", "-getItem:ReferencePathWithRefAssemblies,Compile", "-getProperty:DefineConstants"));
        }

        using JsonDocument project = JsonDocument.Parse(File.ReadAllText(kept));
        JsonElement items = project.RootElement.GetProperty("Items");
        _parsing = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest).WithPreprocessorSymbols(
            project.RootElement.GetProperty("Properties").GetProperty("DefineConstants").GetString()!.Split(';'));
        SyntaxTree[] sources =
            [.. Paths(items.GetProperty("Compile")).Select(path => Path.GetRelativePath(tree.Folder, path))
                .Select(path => Parse(tree.OriginalOrOwn(path), path))];
        _compilation = CSharpCompilation.Create(
            _namespace,
            sources,
            Paths(items.GetProperty("ReferencePathWithRefAssemblies")).Select(path => MetadataReference.CreateFromFile(path)),
            new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));
        string[] roots = changed.Length == 0 ? [$"{folder}/"] : [.. changed.Select(one => $"{folder}/{one}/")];
        Files = [.. sources
            .Where(source => roots.Any(root => source.FilePath.StartsWith(root, StringComparison.Ordinal)) &&
                !source.FilePath.EndsWith($"/{Switch}.cs", StringComparison.Ordinal))
            .OrderBy(source => source.FilePath, StringComparer.Ordinal)
            .Select(source => CSharpTree.Read(source.FilePath, _compilation.GetSemanticModel(source)))];
    }

    /// <summary>What can be changed.</summary>
    public IReadOnlyList<SourceFile> Files { get; }

    /// <summary>Writes the files with mutants in them, unless the compiler refuses some; those are returned.</summary>
    public IReadOnlyList<Mutation> Write(IReadOnlyList<Mutation> drawn)
    {
        Dictionary<string, MutatedFile> mutated = [];
        CSharpCompilation compilation = _compilation;
        foreach (SourceFile file in Files)
        {
            Mutation[] own = [.. drawn.Where(one => one.File == file.Path)];
            mutated[file.Path] = new(file.Text, own, number => $"global::{_namespace}.{Switch}.Is({number})");
            compilation = compilation.ReplaceSyntaxTree(
                compilation.SyntaxTrees.Single(one => one.FilePath == file.Path), Parse(mutated[file.Path].Text, file.Path));
        }

        HashSet<string> before = [.. Errors(_compilation).Select(one => one.GetMessage())];
        List<Mutation> refused = [.. Errors(compilation)
            .Where(error => mutated.ContainsKey(error.Location.SourceTree?.FilePath ?? "") && !before.Contains(error.GetMessage()))
            .SelectMany(error => Refused(mutated[error.Location.SourceTree!.FilePath], error.Location))
            .Distinct()];
        foreach (SourceFile file in Files)
        {
            _tree.Write(file.Path, mutated[file.Path].Text);
        }

        return refused;
    }

    private static IEnumerable<string> Paths(JsonElement items) =>
        items.EnumerateArray().Select(one => one.GetProperty("FullPath").GetString()!);

    private static IEnumerable<Diagnostic> Errors(CSharpCompilation compilation) =>
        compilation.GetDiagnostics().Where(one => one.Severity == DiagnosticSeverity.Error);

    /// <summary>The mutant that an error is in; if it shows elsewhere, those of the same member.</summary>
    private static IEnumerable<Mutation> Refused(MutatedFile file, Location error)
    {
        if (file.At(error.SourceSpan.Start) is { } mutation)
        {
            return [mutation];
        }

        SyntaxNode? member = error.SourceTree!.GetRoot().FindNode(error.SourceSpan).FirstAncestorOrSelf<
            Microsoft.CodeAnalysis.CSharp.Syntax.MemberDeclarationSyntax>();
        Mutation[] own = [.. file.Within(member is null ? default : new(member.SpanStart, member.Span.End))];
        return own.Length > 0
            ? own
            : throw new MutantsFailureException($"The compiler refuses a mutated file, but no mutant of it: {error}.");
    }

    private static string SwitchText(string space) => $$"""
        // Made by tests/Spead2.Mutants.
        using System.Globalization;
        using System.IO.MemoryMappedFiles;

        namespace {{space}};

        internal static unsafe class {{Switch}}
        {
            private static readonly int On = int.Parse(
                Environment.GetEnvironmentVariable("{{ReachedMutants.Mutant}}") ?? "0", CultureInfo.InvariantCulture);

            private static readonly byte* Reached = Map();

            public static bool Is(int number)
            {
                if (Reached is not null)
                {
                    Reached[number] = 1;
                }

                return number == On;
            }

            private static byte* Map()
            {
                if (Environment.GetEnvironmentVariable("{{ReachedMutants.FileVariable}}") is not { } path)
                {
                    return null;
                }

                byte* marks = null;
                FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
                MemoryMappedFile
                    .CreateFromFile(file, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false)
                    .CreateViewAccessor().SafeMemoryMappedViewHandle.AcquirePointer(ref marks);
                return marks;
            }
        }

        """;

    private SyntaxTree Parse(string text, string path) => CSharpSyntaxTree.ParseText(SourceText.From(text), _parsing, path);
}
