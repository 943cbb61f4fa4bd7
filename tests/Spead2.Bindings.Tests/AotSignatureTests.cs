// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Spead2.Bindings.Tests;

internal sealed partial class AotSignatureTests
{
    // The rest of the C files that are linked into the library; see managed/Spead2.Aot/Spead2.Aot.csproj.
    private static readonly string[] FunctionsOfTheCore =
        ["sp2_status_name", "sp2_status_message", "sp2_version_number", "sp2_version_string"];

    // Their types are compared by the C compiler, which includes the headers.
    [Test]
    public void Native_exports_are_the_functions_of_the_headers() => Assert.That(
        NativeExport().Matches(File.ReadAllText(RepositoryFiles.AotNativeExports))
            .Select(export => export.Groups[1].Value + export.Groups[2].Value)
            .Concat(FunctionsOfTheCore),
        Is.EquivalentTo(AotExports.Header.Functions.Select(function => function.Name)));

    [Test]
    public void Exported_methods_have_the_signatures_of_the_headers()
    {
        CHeader header = AotExports.Header;
        IEnumerable<string> expected = header.Functions.Select(function => Signature(
            function.Name,
            CSharpSpelling.Of(function.ReturnType, header),
            function.Parameters.Select(parameter => $"{CSharpSpelling.Of(parameter.Type, header)} {parameter.Name}")));

        IEnumerable<string> actual = AotExports.Methods.Select(export => Signature(
            export.Key,
            CSharpSpelling.Of(export.Value.ReturnParameter.GetModifiedParameterType()),
            export.Value.GetParameters().Select(parameter =>
                $"{CSharpSpelling.Of(parameter.GetModifiedParameterType())} {parameter.Name}")));

        Assert.That(actual, Is.EquivalentTo(expected));
    }

    [Test]
    public void Struct_that_the_bindings_do_not_have_has_the_layout_of_its_header()
    {
        CHeader header = AotExports.Header;
        CStruct declared = header.Structs.Single(declared => declared.Name == "sp2_item_info" && declared.IsComplete);
        string[] expressions =
        [
            $"sizeof({declared.Name})",
            .. declared.Fields.Select(field => $"offsetof({declared.Name}, {field.Name})"),
        ];
        IEnumerable<string> expected = header.Evaluate(expressions).Select(layout => $"{layout.Key} = {layout.Value}");

        Type type = AotExports.TypeOf(declared.Name);
        IEnumerable<string> actual =
        [
            $"sizeof({type.Name}) = {Marshal.SizeOf(type)}",
            .. type.GetFields().Select(field =>
                $"offsetof({type.Name}, {field.Name}) = {Marshal.OffsetOf(type, field.Name)}"),
        ];

        Assert.That(actual, Is.EquivalentTo(expected));
    }

    private static string Signature(string name, string returnType, IEnumerable<string> parameters) =>
        $"{returnType} {name}({string.Join(", ", parameters)})";

    [GeneratedRegex(@"^(?:(?:FUNCTION|ENDING)\((sp2_\w+)|(?:const char \*|int32_t )(sp2_\w+)\()", RegexOptions.Multiline)]
    private static partial Regex NativeExport();
}
