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

        Assert.That(
            ExportsOf(RepositoryFiles.NativeLibrary),
            Is.EquivalentTo(CHeader.Load("x86_64-linux-gnu").Functions.Select(function => $"T {function.Name}")));
    }

    [Test]
    public void Exports_of_the_AOT_library_are_exactly_the_functions_of_the_headers()
    {
        if (!File.Exists(RepositoryFiles.AotLibrary))
        {
            Assert.Ignore($"{RepositoryFiles.AotLibrary} has not been built: ./build.sh aot");
        }

        // The runtime puts its own symbol there, for debuggers.
        Assert.That(
            ExportsOf(RepositoryFiles.AotLibrary),
            Is.EquivalentTo(AotExports.Header.Functions.Select(function => $"T {function.Name}")
                .Append("D DotNetRuntimeDebugHeader")));
    }

    private static IEnumerable<string> ExportsOf(string library) => Tool.Nm()
        .Run(["--dynamic", "--defined-only", "--format=posix", library])
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' '))
        .Where(symbol => symbol[1] != AbsoluteKind)
        .Select(symbol => $"{symbol[1]} {symbol[0].Split('@')[0]}");
}
