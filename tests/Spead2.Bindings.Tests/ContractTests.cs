// SPDX-License-Identifier: MIT
using System.Reflection;
using System.Runtime.InteropServices;

namespace Spead2.Bindings.Tests;

/// <summary>
/// Compares the checked-in bindings with the C headers, once for every operating system that they serve. Each side is
/// written as lines of text, so a difference shows as the lines that are missing and those that are too many.
/// </summary>
[TestFixture("x86_64-linux-gnu")]
[TestFixture("x86_64-pc-windows-gnu")]
internal sealed class ContractTests(string target)
{
    private CHeader _header = null!;

    [OneTimeSetUp]
    public void Read_headers()
    {
        _header = CHeader.Load(target);
        Assert.That(_header.Functions, Is.Not.Empty);
    }

    [Test]
    public void Functions_and_their_signatures_equal_the_headers()
    {
        IEnumerable<string> expected = _header.Functions.Select(function => Signature(
            function.Name,
            CSharpSpelling.Of(function.ReturnType, _header),
            function.Parameters.Select(parameter => (CSharpSpelling.Of(parameter.Type, _header), parameter.Name))));

        IEnumerable<string> actual = CheckedInBindings.Functions.Select(method => Signature(
            method.Name,
            CSharpSpelling.Of(method.ReturnParameter.GetModifiedParameterType()),
            method.GetParameters().Select(parameter =>
                (CSharpSpelling.Of(parameter.GetModifiedParameterType()), parameter.Name!))));

        Assert.That(actual, Is.EquivalentTo(expected));
    }

    [Test]
    public void Constants_equal_the_value_macros()
    {
        IEnumerable<string> expected = _header.Evaluate(_header.ObjectMacros())
            .Select(macro => $"{macro.Key} = {macro.Value}");

        IEnumerable<string> actual = CheckedInBindings.Constants
            .Select(constant => $"{constant.Name} = {constant.GetRawConstantValue()}");

        Assert.That(actual, Is.EquivalentTo(expected));
    }

    [Test]
    public void Enumerations_equal_the_headers()
    {
        IReadOnlyDictionary<string, Int128> values =
            _header.Evaluate([.. _header.Enumerators.Select(enumerator => enumerator.Name)]);
        IEnumerable<string> expected = _header.Enumerators
            .Select(enumerator => $"{enumerator.Enumeration}.{enumerator.Name} = {values[enumerator.Name]}");

        IEnumerable<string> actual =
            from type in CheckedInBindings.Enumerations
            from field in type.GetFields(BindingFlags.Public | BindingFlags.Static)
            select $"{type.Name}.{field.Name} = {field.GetRawConstantValue()}";

        Assert.That(actual, Is.EquivalentTo(expected));
    }

    [Test]
    public void Structs_have_the_fields_of_the_headers_in_their_order()
    {
        IEnumerable<string> expected = _header.Structs.Select(declared => Fields(
            declared.Name,
            declared.Fields.Select(field => (CSharpSpelling.Of(field.Type, _header), field.Name))));

        IEnumerable<string> actual = CheckedInBindings.Structs.Select(type => Fields(
            type.Name,
            CheckedInBindings.FieldsOf(type)
                .Select(field => (CSharpSpelling.Of(field), field.Name))));

        Assert.That(actual, Is.EquivalentTo(expected));
    }

    [Test]
    public void Structs_have_the_sizes_and_offsets_that_the_compiler_gives_them()
    {
        List<CStruct> complete = [.. _header.Structs.Where(declared => declared.IsComplete)];
        string[] expressions =
        [
            .. complete.Select(declared => $"sizeof({declared.Name})"),
            .. complete.SelectMany(declared =>
                declared.Fields.Select(field => $"offsetof({declared.Name}, {field.Name})")),
        ];
        IEnumerable<string> expected = _header.Evaluate(expressions).Select(layout => $"{layout.Key} = {layout.Value}");

        List<Type> types = [.. CheckedInBindings.Structs.Where(type => CheckedInBindings.FieldsOf(type).Count > 0)];
        IEnumerable<string> actual =
        [
            .. types.Select(type => $"sizeof({type.Name}) = {Marshal.SizeOf(type)}"),
            .. types.SelectMany(type => CheckedInBindings.FieldsOf(type).Select(field =>
                $"offsetof({type.Name}, {field.Name}) = {Marshal.OffsetOf(type, field.Name)}")),
        ];

        Assert.That(actual, Is.EquivalentTo(expected));
    }

    private static string Signature(string name, string returnType, IEnumerable<(string Type, string Name)> parameters) =>
        $"{returnType} {name}({string.Join(", ", parameters.Select(Declaration))})";

    private static string Fields(string name, IEnumerable<(string Type, string Name)> fields) =>
        $"{name} {{ {string.Concat(fields.Select(field => Declaration(field) + "; "))}}}";

    private static string Declaration((string Type, string Name) variable) => $"{variable.Type} {variable.Name}";
}
