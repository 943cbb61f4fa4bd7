// SPDX-License-Identifier: MIT
namespace Spead2.Bindings.Tests;

internal sealed class AotSignatureTests
{
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

    private static string Signature(string name, string returnType, IEnumerable<string> parameters) =>
        $"{returnType} {name}({string.Join(", ", parameters)})";
}
