// SPDX-License-Identifier: MIT
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Spead2.Bindings.Tests;

/// <summary>What the public C headers declare for one target, as clang understands them.</summary>
internal sealed partial class CHeader
{
    private const string ProbePrefix = "probe_";

    private static readonly Dictionary<string, CHeader> Loaded = [];

    private readonly Tool _clang;
    private readonly string _target;
    private readonly string[] _defines;

    private CHeader(Tool clang, string target, string[] defines)
    {
        _clang = clang;
        _target = target;
        _defines = defines;
        List<JsonElement> declarations = Parse("", toleratesErrors: false);
        Functions = [.. declarations.Where(IsKind("FunctionDecl")).Select(ToFunction)];
        Structs =
        [
            .. declarations.Where(IsKind("RecordDecl")).Select(ToStruct)
                .GroupBy(declared => declared.Name, (_, all) => all.MaxBy(declared => declared.IsComplete)!),
        ];
        Enumerators =
        [
            .. from declaration in declarations.Where(IsKind("EnumDecl"))
               from enumerator in Inner(declaration, "EnumConstantDecl")
               select new CEnumerator(Name(declaration), Name(enumerator)),
        ];
        Callbacks = declarations.Where(IsKind("TypedefDecl"))
            .Select(typedef => (Name: Name(typedef), Pointer: FunctionPointer().Match(TypeOf(typedef))))
            .Where(typedef => typedef.Pointer.Success)
            .ToDictionary(
                typedef => typedef.Name,
                typedef => new CCallback(
                    typedef.Pointer.Groups["result"].Value,
                    [.. typedef.Pointer.Groups["parameters"].Value.Split(", ").Where(type => type != "void")]));
    }

    public IReadOnlyList<CFunction> Functions { get; }

    public IReadOnlyList<CStruct> Structs { get; }

    public IReadOnlyList<CEnumerator> Enumerators { get; }

    /// <summary>Typedefs of pointers to functions by their names.</summary>
    public IReadOnlyDictionary<string, CCallback> Callbacks { get; }

    /// <summary>Reads the headers for a target, given as clang names it. Skips the test without clang.</summary>
    /// <param name="target">The target.</param>
    /// <param name="defines">Macros that a program defines before it includes the headers.</param>
    public static CHeader Load(string target, params string[] defines)
    {
        string key = string.Join(' ', defines.Prepend(target));
        if (!Loaded.TryGetValue(key, out CHeader? header))
        {
            header = new CHeader(Tool.Clang(), target, defines);
            Loaded.Add(key, header);
        }

        return header;
    }

    /// <summary>Names of macros without parameters that the headers define, whatever they stand for.</summary>
    public IReadOnlyList<string> ObjectMacros() =>
    [
        .. MacroDefinition().Matches(_clang.Run([.. Arguments(), "-E", "-dM", RepositoryFiles.UmbrellaHeader]))
            .Select(match => match.Groups["name"].Value),
    ];

    /// <summary>
    /// Values of C constant expressions in the target, by expression. What is no integer constant expression is absent.
    /// </summary>
    public IReadOnlyDictionary<string, Int128> Evaluate(IReadOnlyList<string> expressions)
    {
        IEnumerable<string> probes =
            expressions.Select((text, index) => $"enum {{ {ProbePrefix}{index} = ({text}) }};");
        return Parse(string.Join('\n', probes), toleratesErrors: true)
            .Where(IsKind("EnumDecl"))
            .SelectMany(declaration => Inner(declaration, "EnumConstantDecl"))
            .Where(probe => Name(probe).StartsWith(ProbePrefix, StringComparison.Ordinal))
            .Select(probe => (Expression: expressions[int.Parse(Name(probe).AsSpan(ProbePrefix.Length), CultureInfo.InvariantCulture)], Value: FirstValue(probe)))
            .Where(probe => probe.Value is not null)
            .ToDictionary(probe => probe.Expression, probe => probe.Value!.Value);
    }

    [GeneratedRegex(@"^(?<result>.+?) ?\(\*\)\((?<parameters>.*)\)$")]
    private static partial Regex FunctionPointer();

    [GeneratedRegex(@"^#define (?<name>SP2_\w+) ", RegexOptions.Multiline)]
    private static partial Regex MacroDefinition();

    private static CFunction ToFunction(JsonElement declaration)
    {
        string type = TypeOf(declaration);
        return new CFunction(
            Name(declaration),
            type[..type.IndexOf('(')].TrimEnd(),
            [.. Inner(declaration, "ParmVarDecl").Select(ToVariable)],
            string.Concat(Inner(declaration, "FullComment").SelectMany(Texts)));
    }

    private static CStruct ToStruct(JsonElement declaration) =>
        new(Name(declaration), [.. Inner(declaration, "FieldDecl").Select(ToVariable)],
            declaration.TryGetProperty("completeDefinition", out _));

    private static CVariable ToVariable(JsonElement declaration) => new(Name(declaration), TypeOf(declaration));

    private static Func<JsonElement, bool> IsKind(string kind) =>
        declaration => declaration.GetProperty("kind").GetString() == kind
            && !declaration.TryGetProperty("isImplicit", out _);

    private static string Name(JsonElement declaration) =>
        declaration.TryGetProperty("name", out JsonElement name) ? name.GetString()! : "";

    private static string TypeOf(JsonElement declaration) =>
        declaration.GetProperty("type").GetProperty("qualType").GetString()!;

    private static IEnumerable<JsonElement> Inner(JsonElement node) =>
        node.TryGetProperty("inner", out JsonElement inner) ? inner.EnumerateArray() : [];

    private static IEnumerable<JsonElement> Inner(JsonElement node, string kind) => Inner(node).Where(IsKind(kind));

    private static IEnumerable<string> Texts(JsonElement node) =>
        node.TryGetProperty("text", out JsonElement text) ? [text.GetString()!] : Inner(node).SelectMany(Texts);

    private static Int128? FirstValue(JsonElement node) =>
        node.TryGetProperty("value", out JsonElement value)
            ? Int128.Parse(value.GetString()!, CultureInfo.InvariantCulture)
            : Inner(node).Select(FirstValue).FirstOrDefault(inner => inner is not null);

    private List<JsonElement> Parse(string code, bool toleratesErrors)
    {
        string source = $"#define offsetof __builtin_offsetof\n#include \"spead2core/spead2core.h\"\n{code}\n";
        string tree = _clang.Run(
            [.. Arguments(), "-fparse-all-comments", "-fsyntax-only", "-Xclang", "-ast-dump=json", "-"],
            source,
            toleratesErrors);
        return [.. Inner(JsonDocument.Parse(tree).RootElement)];
    }

    private IEnumerable<string> Arguments() =>
        ["-x", "c", "-std=c11", "-ffreestanding", $"--target={_target}", "-ferror-limit=0",
            "-I", RepositoryFiles.IncludeDirectory, .. _defines.Select(define => $"-D{define}")];
}
