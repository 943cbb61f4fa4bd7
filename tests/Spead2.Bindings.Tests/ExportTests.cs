// SPDX-License-Identifier: MIT
namespace Spead2.Bindings.Tests;

internal sealed class ExportTests
{
    /// <summary>Kind of nm's symbols that name a version rather than something to link against.</summary>
    private const string AbsoluteKind = "A";

    [Test]
    public void Exports_of_the_core_are_exactly_the_functions_of_the_headers()
    {
        Assert.That(RepositoryFiles.NativeLibrary, Does.Exist, "build the C core first: ./build.sh native");
        IEnumerable<string> exports = Tool.Nm()
            .Run(["--dynamic", "--defined-only", "--format=posix", RepositoryFiles.NativeLibrary])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' '))
            .Where(symbol => symbol[1] != AbsoluteKind)
            .Select(symbol => $"{symbol[1]} {symbol[0].Split('@')[0]}");

        Assert.That(
            exports, Is.EquivalentTo(CHeader.Load("x86_64-linux-gnu").Functions.Select(function => $"T {function.Name}")));
    }
}
