// SPDX-License-Identifier: MIT

namespace Spead2.Package.Tests.Consumers;

/// <summary>
/// Someone who has a .NET SDK, the package sources of this machine and nothing else: a home directory of its own.
/// </summary>
internal static class FreshUser
{
    private static readonly string Home = Path.Combine(Packages.Scratch, "home");
    private static readonly string InstalledPackages = Path.Combine(Packages.Scratch, "nuget");

    private static readonly Lazy<IReadOnlyDictionary<string, string>> Variables = new(MoveIn);

    public static IReadOnlyDictionary<string, string> Environment => Variables.Value;

    /// <summary>An empty directory.</summary>
    public static string NewDirectory(string name) =>
        Directory.CreateDirectory(Path.Combine(Home, $"{name}-{Guid.NewGuid():N}")).FullName;

    /// <summary>Holds a package that has been installed to be the one that was packed for these tests.</summary>
    public static void AssertIsInstalled(string name) =>
        Assert.That(
            Path.Combine(InstalledPackages, name.ToLowerInvariant(), Repository.Version), Does.Exist,
            $"{name} comes from {Packages.Feed}; is it also among the machine's own packages?");

    private static Dictionary<string, string> MoveIn()
    {
        string machine = System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);
        string sources = Path.Combine(machine, ".nuget", "NuGet", "NuGet.Config");
        if (File.Exists(sources))
        {
            string copy = Path.Combine(Home, ".nuget", "NuGet", "NuGet.Config");
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(sources, copy);
        }

        return new()
        {
            ["HOME"] = Directory.CreateDirectory(Home).FullName,
            ["DOTNET_CLI_HOME"] = Home,
            ["NUGET_PACKAGES"] = InstalledPackages,
            // What this machine has already been sent is not sent again.
            ["NUGET_FALLBACK_PACKAGES"] = System.Environment.GetEnvironmentVariable("NUGET_PACKAGES")
                ?? Path.Combine(machine, ".nuget", "packages"),
            ["FEED"] = Packages.Feed,
            // No process stays behind when a command has ended.
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["UseSharedCompilation"] = "false",
            ["SPEAD2_CORE_LIBRARY"] = "",
            // Wine writes down nothing but what the program writes.
            ["WINEDEBUG"] = "-all",
        };
    }
}
