// SPDX-License-Identifier: MIT
using System.Text.RegularExpressions;

namespace Spead2.Bindings.Tests;

/// <summary>What the AOT library does not support is what its document says, and is provoked by a test.</summary>
internal sealed partial class UnsupportedTests
{
    // Any other function that answered so would fail the program that calls at random.
    [Test]
    public void Functions_that_the_document_lists_for_this_system_are_those_that_a_test_sees_refused()
    {
        IEnumerable<string> provoked = Provoked().Matches(File.ReadAllText(RepositoryFiles.ItemTests))
            .Select(match => match.Groups[1].Value);

        Assert.That(
            Row().Matches(File.ReadAllText(RepositoryFiles.AotDocument))
                .Where(row => row.Groups[2].Value == "Linux")
                .Select(row => row.Groups[1].Value),
            Is.EquivalentTo(provoked.Distinct()).And.Not.Empty);
    }

    [Test]
    public void Functions_that_the_document_lists_are_exported() => Assert.That(
        Row().Matches(File.ReadAllText(RepositoryFiles.AotDocument)).Select(row => row.Groups[1].Value),
        Is.SubsetOf(AotExports.Methods.Keys).And.Not.Empty);

    [GeneratedRegex(@"^\| `(sp2_\w+)` \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"CHECK_STATUS\(\s*(sp2_\w+)\([^;]*\bSP2_E_UNSUPPORTED\);")]
    private static partial Regex Provoked();
}
