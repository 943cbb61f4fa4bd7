// SPDX-License-Identifier: MIT
using System.Text.RegularExpressions;

namespace Spead2.Bindings.Tests;

internal sealed partial class GlibcFloorTests
{
    /// <summary>The oldest glibc that the C core loads with; docs/platforms.md and src/posix/old_glibc.h say how.</summary>
    private static readonly Version Floor = new(2, 17);

    [Test]
    public void Core_needs_no_symbol_of_a_newer_glibc()
    {
        Assume.That(OperatingSystem.IsLinux(), "only Linux has glibc");
        string symbols = Tool.Nm().Run(
            ["--dynamic", "--undefined-only", "--with-symbol-versions", RepositoryFiles.NativeLibrary]);
        string[] versioned = [.. symbols.Split('\n').Where(symbol => VersionOf().IsMatch(symbol))];
        if (versioned.Length == 0)
        {
            Assert.Ignore($"{RepositoryFiles.NativeLibrary} is not linked with glibc");
        }

        Assert.That(
            versioned.Where(symbol => Version.Parse(VersionOf().Match(symbol).Groups[1].Value) > Floor), Is.Empty,
            $"symbols of {RepositoryFiles.NativeLibrary} that glibc {Floor} does not have");
    }

    [GeneratedRegex(@"@GLIBC_([0-9.]+)")]
    private static partial Regex VersionOf();
}
