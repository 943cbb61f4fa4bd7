// SPDX-License-Identifier: MIT
using System.Text.RegularExpressions;

namespace Spead2.Bindings.Tests;

internal sealed partial class SpinnerTests
{
    // That each of them is called, and does what it can, is looked after by the program itself.
    [Test]
    public void Program_that_calls_at_random_calls_every_function_of_the_headers()
    {
        IEnumerable<string> listed = Entry().Matches(File.ReadAllText(RepositoryFiles.Spinner))
            .Select(match => match.Groups[1].Value);

        Assert.That(listed, Is.EquivalentTo(AotExports.Header.Functions.Select(function => function.Name)));
    }

    [GeneratedRegex(@"^    X\((sp2_\w+)\)", RegexOptions.Multiline)]
    private static partial Regex Entry();
}
