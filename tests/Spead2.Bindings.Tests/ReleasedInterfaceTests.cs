// SPDX-License-Identifier: MIT
using System.Globalization;

namespace Spead2.Bindings.Tests;

/// <summary>
/// Compares the C headers with what they were in the release that programs may have been compiled against: the rules of
/// docs/abi.md. Headers may have more than the release, but nothing less and nothing else.
/// </summary>
[TestFixture("x86_64-linux-gnu")]
[TestFixture("x86_64-pc-windows-gnu")]
internal sealed class ReleasedInterfaceTests(string target)
{
    /// <summary>Set to write down the interface as it is, when a version is released.</summary>
    private const string WriteVariable = "SPEAD2_WRITE_ABI";

    // Says how long a struct is that starts with its own size; such a struct may grow.
    private const string SizedKind = "sized struct";

    // These change with every release, and nothing is compiled for one value of them.
    private const string VersionPrefix = "SP2_VERSION_";

    [OneTimeSetUp]
    public void Write_down_if_asked()
    {
        if (Environment.GetEnvironmentVariable(WriteVariable) is not null)
        {
            File.WriteAllLines(RepositoryFiles.ReleasedInterface, Interface(CHeader.Load(target)).Order(StringComparer.Ordinal));
        }
    }

    [Test]
    public void What_was_released_is_unchanged()
    {
        IEnumerable<string> released = Released().Where(line => !line.StartsWith(SizedKind, StringComparison.Ordinal));

        Assert.That(
            released.Except(Interface(CHeader.Load(target))), Is.Empty,
            $"if the version is not released yet: {WriteVariable}=1 dotnet test writes {RepositoryFiles.ReleasedInterface}");
    }

    [Test]
    public void Structs_that_start_with_their_size_have_not_become_shorter()
    {
        Dictionary<string, int> released = Sizes(Released());
        Dictionary<string, int> now = Sizes(Interface(CHeader.Load(target)));

        Assert.That(released, Is.Not.Empty);
        Assert.That(released.Where(size => now.GetValueOrDefault(size.Key) < size.Value), Is.Empty);
    }

    [Test]
    public void Values_of_an_enumeration_are_used_once()
    {
        CHeader header = CHeader.Load(target);
        IReadOnlyDictionary<string, Int128> values = header.Evaluate([.. header.Enumerators.Select(name => name.Name)]);

        Assert.That(header.Enumerators.Select(name => $"{name.Enumeration} {values[name.Name]}"), Is.Unique);
    }

    private static string[] Released() => File.ReadAllLines(RepositoryFiles.ReleasedInterface);

    private static Dictionary<string, int> Sizes(IEnumerable<string> lines) => lines
        .Where(line => line.StartsWith(SizedKind, StringComparison.Ordinal))
        .Select(line => line[SizedKind.Length..].Split(':', StringSplitOptions.TrimEntries))
        .ToDictionary(parts => parts[0], parts => int.Parse(parts[1], CultureInfo.InvariantCulture));

    /// <summary>Everything that a compiled program depends on, a line each.</summary>
    private static IEnumerable<string> Interface(CHeader header)
    {
        List<CStruct> structs = [.. header.Structs.Where(declared => declared.IsComplete)];
        IReadOnlyDictionary<string, Int128> values = header.Evaluate(
        [
            .. header.ObjectMacros().Where(name => !name.StartsWith(VersionPrefix, StringComparison.Ordinal)),
            .. header.Enumerators.Select(enumerator => enumerator.Name),
        ]);
        IReadOnlyDictionary<string, Int128> layout = header.Evaluate(
        [
            .. structs.Select(Size),
            .. structs.SelectMany(declared => declared.Fields.Select(field => Offset(declared, field))),
        ]);
        return
        [
            .. header.Functions.Select(function =>
                $"function {function.Name}: {function.ReturnType} ({Types(function.Parameters)})"),
            .. header.Callbacks.Select(callback =>
                $"callback {callback.Key}: {callback.Value.ReturnType} ({string.Join(", ", callback.Value.ParameterTypes)})"),
            .. values.Select(value => $"value {value.Key}: {value.Value}"),
            .. structs.Select(declared =>
                $"{(declared.Fields[0].Name == "size" ? SizedKind : "struct")} {declared.Name}: {layout[Size(declared)]}"),
            .. from declared in structs
               from field in declared.Fields
               select $"field {declared.Name}.{field.Name}: {field.Type} at {layout[Offset(declared, field)]}",
        ];
    }

    private static string Size(CStruct declared) => $"sizeof({declared.Name})";

    private static string Offset(CStruct declared, CVariable field) => $"offsetof({declared.Name}, {field.Name})";

    private static string Types(IEnumerable<CVariable> parameters) =>
        string.Join(", ", parameters.Select(parameter => parameter.Type));
}
